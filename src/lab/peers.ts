/** Real parts that a test or a command needs: found, or named with the command that brings them. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where the program is, or undefined. */
export function findProgram(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  for (const folder of folders) {
    const path = join(folder, program)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not in this folder.
    }
  }
  return undefined
}

/** Options for a test that needs a program: skipped by name where it is missing, unless nothing may be skipped. */
export function needsProgram(program: string, debianPackage: string): { skip?: string } {
  if (findProgram(program) !== undefined || process.env.LASTWORD_NO_SKIP !== undefined) return {}
  return {
    skip: `${program} is not installed: sudo apt-get install -y --no-install-recommends ${debianPackage}`,
  }
}
