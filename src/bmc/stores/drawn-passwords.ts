/** Passwords for users that have none: drawn at the first start, kept with the state, and told only when they are drawn. */
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { stateDirError } from './journal.ts'
import { readKept, writeKept } from './kept-file.ts'

/** A password that was drawn because the configuration has none. */
export interface DrawnPassword {
  user: string
  password: string
}

const LENGTH = 16
/** Without letters that look alike. */
const LETTERS = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'
const kept = z.record(z.string(), z.string())

export class DrawnPasswords {
  readonly #file: string | undefined
  readonly #known: Map<string, string>
  /** Those of this start. */
  readonly fresh: DrawnPassword[] = []

  /** Throws LastwordError STATE_DIR when what is kept cannot be read. */
  constructor(stateDir: string | undefined) {
    this.#file = stateDir === undefined ? undefined : join(stateDir, 'passwords.json')
    this.#known = this.#read()
  }

  of(user: string): string {
    const known = this.#known.get(user)
    if (known !== undefined) return known
    const password = Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('')
    this.#known.set(user, password)
    this.fresh.push({ user, password })
    return password
  }

  /** Throws LastwordError STATE_DIR: a password that was told would be another one tomorrow. */
  keep(): void {
    if (this.#file === undefined || this.fresh.length === 0) return
    try {
      writeKept(this.#file, Object.fromEntries(this.#known))
    } catch (cause) {
      throw stateDirError(this.#file, cause)
    }
  }

  #read(): Map<string, string> {
    if (this.#file === undefined) return new Map()
    try {
      return new Map(Object.entries(readKept(this.#file, kept) ?? {}))
    } catch (cause) {
      throw stateDirError(this.#file, cause)
    }
  }
}
