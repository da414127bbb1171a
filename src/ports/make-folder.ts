/** Makes a folder with all that is missing above it. */
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

export interface FolderOptions {
  mode?: number
  /** Called behind each folder that was made, with the one that it stands in. */
  onMade?: (parent: string) => void
}

/** Not Node's recursive `mkdir`: where nothing can be made, as below /proc, that one tries for ever. */
export function makeFolder(folder: string, options: FolderOptions = {}): void {
  if (statSync(folder, { throwIfNoEntry: false }) !== undefined) return
  const parent = dirname(folder)
  makeFolder(parent, options)
  try {
    mkdirSync(folder, options.mode)
  } catch (error) {
    // Another process may make it at the same time.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  options.onMade?.(parent)
}
