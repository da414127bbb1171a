/** Folders and files for the state: made with all that is missing above them, replaced at once, forced to the disk. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeFolder } from '../../ports/make-folder.ts'

/** Passwords are among what is kept. */
export const OWNER_ONLY = 0o600
/** `disk`: what is written survives a loss of power; `kernel`: it survives the process's end. */
export type Durability = 'disk' | 'kernel'

/** Makes the folder and those above it, to survive a loss of power. */
export function makeLastingFolder(folder: string): void {
  makeFolder(folder, {
    onMade(parent) {
      try {
        syncFolder(parent)
      } catch {
        // A folder that may be written and not read cannot be opened for that.
      }
    },
  })
}

/** What was made, renamed or removed in a folder survives a loss of power after this. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Puts a file in the place of another at once: a reader finds the old one or the new one, whole. */
export function replaceFile(file: string, bytes: Uint8Array, durability: Durability = 'disk'): void {
  const next = `${file}.next`
  try {
    const fd = openSync(next, 'w', OWNER_ONLY)
    try {
      writeAll(fd, bytes)
      if (durability === 'disk') fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(next, file)
  } catch (cause) {
    rmSync(next, { force: true })
    throw cause
  }
  if (durability === 'disk') syncFolder(dirname(file))
}

export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
}
