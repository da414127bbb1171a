/** A small file of JSON beside the journal, read at the start and replaced as a whole. */
import { existsSync, readFileSync } from 'node:fs'
import type { z } from 'zod'
import { replaceFile } from './folder.ts'

/** Undefined when there is none yet. Throws when what is there is not of this shape. */
export function readKept<S extends z.ZodType>(file: string, shape: S): z.output<S> | undefined {
  return existsSync(file) ? shape.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined
}

/** The same, where what is damaged is as good as none. */
export function readKeptIfSound<S extends z.ZodType>(file: string, shape: S): z.output<S> | undefined {
  try {
    return readKept(file, shape)
  } catch {
    return undefined
  }
}

/** Throws what the system throws; what was there stays then. */
export function writeKept(file: string, value: object): void {
  replaceFile(file, Buffer.from(JSON.stringify(value)))
}
