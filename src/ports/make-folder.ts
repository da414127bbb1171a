/** Makes a folder with all that is missing above it. */
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Not Node's recursive `mkdir`: where nothing can be made, as below /proc, that one tries for ever. */
export function makeFolder(folder: string, mode?: number): void {
  if (statSync(folder, { throwIfNoEntry: false }) !== undefined) return
  makeFolder(dirname(folder), mode)
  try {
    mkdirSync(folder, { mode })
  } catch (error) {
    // Another process may make it at the same time.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
