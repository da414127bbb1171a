/** What was typed into `lastword shell`, kept between runs for its owner only; lines with a secret are not. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { makeFolder } from '../ports/make-folder.ts'

const KEPT_LINES = 500

export class ShellHistory {
  readonly #file: string

  /** `$XDG_STATE_HOME/lastword/history`, or below `~/.local/state` without it. */
  constructor(env: NodeJS.ProcessEnv) {
    const { XDG_STATE_HOME } = env
    const base = XDG_STATE_HOME?.startsWith('/') ? XDG_STATE_HOME : join(homedir(), '.local', 'state')
    this.#file = join(base, 'lastword', 'history')
  }

  /** The newest first, as readline has them. */
  read(): string[] {
    try {
      const lines = readFileSync(this.#file, 'utf8').split('\n').filter(Boolean)
      const kept = lines.slice(-KEPT_LINES)
      if (kept.length < lines.length)
        writeFileSync(this.#file, kept.map(line => `${line}\n`).join(''), { mode: 0o600 })
      return kept.reverse()
    } catch {
      return []
    }
  }

  /** A shell without a place for its history works all the same. */
  add(line: string): void {
    try {
      makeFolder(dirname(this.#file), { mode: 0o700 })
      appendFileSync(this.#file, `${line}\n`, { mode: 0o600 })
    } catch {}
  }
}
