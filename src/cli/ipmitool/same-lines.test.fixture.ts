/** How output is compared with ipmitool's: by seeds that each stand for many values, and by the first line that differs. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Command, decodeResponse } from '../../protocol/command.ts'

export const seeds = fc.integer()

/** The value of a seed, so that a failure names a number and not hundreds of records. */
export function drawn<T>(values: fc.Arbitrary<T>, seed: number): T {
  return fc.sample(values, { seed, numRuns: 1 })[0]!
}

export const bytes = (count: number) => fc.uint8Array({ minLength: count, maxLength: count })

export function assertSameLines(ours: string, theirs: string): void {
  const [our, their] = [ours.split('\n'), theirs.split('\n')]
  const at = our.findIndex((line, i) => line !== their[i])
  if (at >= 0) assert.equal(our[at], their[at], `line ${at + 1}`)
  assert.equal(ours.length, theirs.length)
}

/** What the client would hold of a response; undefined when it is a refusal or cut off. */
export function decoded<Q, R>(command: Command<Q, R>, response: Uint8Array): R | undefined {
  try {
    return decodeResponse(command, response)
  } catch {
    return undefined
  }
}
