/** Folders for the state: made with all that is missing above them, and forced to the disk. */
import { closeSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes the folder and those above it. Not Node's recursive `mkdir`: where nothing can be made, as below /proc, that one
 * tries for ever.
 */
export function makeFolder(folder: string): void {
  if (isMade(folder)) return
  makeFolder(dirname(folder))
  mkdirUnlessThere(folder)
  try {
    syncFolder(dirname(folder))
  } catch {
    // A folder that may be written and not read cannot be opened for that.
  }
}

function isMade(folder: string): boolean {
  return statSync(folder, { throwIfNoEntry: false }) !== undefined
}

/** Another process may make it at the same time. */
function mkdirUnlessThere(folder: string): void {
  try {
    mkdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
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
