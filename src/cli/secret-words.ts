/** The words of a command line that are secrets: which, and what to give in their place. */
import { shownUrl } from '../client/shown-url.ts'
import type { Context } from './declare.ts'
import type { globalFlags } from './flags.ts'

interface SecretWord {
  readonly what: string
  readonly instead: string
}

const kg: SecretWord = { what: 'a key Kg', instead: 'prefer -K or -Y' }

/** Flags with a secret as their value. */
export const secretFlags = {
  password: { what: 'a password', instead: 'prefer -E, -f or -a' },
  kg,
  kgHex: kg,
} as const satisfies Partial<Record<keyof typeof globalFlags, SecretWord>>

/** What commands take; each says by its `hides` where. */
export const secretArguments = {
  password: { what: 'a password', instead: 'leave it out to be asked' },
  community: { what: 'a community', instead: 'give it in a line of exec' },
  bytes: { what: 'a secret', instead: 'give it in a line of exec' },
} as const satisfies Record<string, SecretWord>

/** A remark for the one who gave it. */
export function seen({ what, instead }: SecretWord): string {
  return `${what} on the command line can be read in the process list; ${instead}`
}

/** Tells it where the words of the command were seen. */
export function tellSeen(
  { note, wordsFrom }: Pick<Context, 'note' | 'wordsFrom'>,
  word: keyof typeof secretArguments,
): void {
  if (wordsFrom === 'processList') note(seen(secretArguments[word]))
}

export function isSecretFlag(name: string): boolean {
  return name in secretFlags
}

export function isSecretUrl(word: string): boolean {
  return shownUrl(word) !== word
}

/** Whoever lists the processes from now on does not see the words. */
export function hideFromProcessList(): void {
  process.title = 'lastword'
}
