/** Standard input and the terminal's keys in one run: one command has them, for of two that read them neither gets them whole. */
import { askPassword } from './connection/password.ts'
import type { Context } from './declare.ts'
import { UsageError } from './params.ts'

export class StandardInput {
  /** Who has it until the program ends: what was read ahead does not come back. */
  #owner: string | undefined

  /** Throws UsageError where another command has it. */
  take(path: string): void {
    if (this.#owner !== undefined) {
      throw new UsageError(
        `${path} reads standard input, which ${this.#owner} has in this run`,
        'Run it by itself, or give exec its lines in a file.',
      )
    }
    this.#owner = path
  }

  /** Asks for a secret on the terminal; a line that was typed there must not: the answer would be taken for the next one. */
  async ask(
    question: string,
    hint: string,
    { wordsFrom, signal }: Pick<Context, 'wordsFrom' | 'signal'>,
  ): Promise<string> {
    if (wordsFrom === 'lines' && this.#owner !== undefined && process.stdin.isTTY) {
      throw new UsageError(`a secret cannot be asked for while ${this.#owner} reads the keys`, hint)
    }
    return askPassword(question, hint, signal)
  }
}
