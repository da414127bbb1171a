/** What became of a host that panicked: judged from the BMC's side, which is the side that counts. */
import { Origin } from '../handler/handler-msg.ts'
import { readLastWords } from '../protocol/last-words.ts'
import { decodeSelRecord } from '../protocol/sel-record.ts'
import { Fault, Stage } from '../si/smi-msg.ts'
import { MAX_NUMBER, type Rig, trafficNumber, Withdrawn } from './rig.ts'

export interface Fate {
  hang: boolean
  /** Accepted and never executed. */
  lost: number
  /** Executed more than once. */
  doubled: number
  /** The last words are in the SEL, whole. */
  lastWords: boolean
  /** Nothing of the last words is in the SEL. */
  silent: boolean
  /** Messages without an answer and without an error. */
  unended: number
  /** Executed though their user had been told that they would not be. */
  unwanted: number
}

export function judge(rig: Rig, text: string): Fate {
  let lost = 0
  let doubled = 0
  let unended = 0
  const accepted = new Uint8Array(MAX_NUMBER)
  let unwanted = 0
  for (const msg of rig.handler.pool.slots) {
    if (msg.stage < Stage.Accepted || msg.user === null) continue
    if (msg.done !== null && msg.stage !== Stage.Ended) unended++
    const number = trafficNumber(msg.data)
    if (number < 0 || msg.origin !== Origin.User) continue
    if (msg.fault !== Fault.Aborted && msg.fault !== Fault.UserGone) accepted[number] = 1
  }
  for (let number = 0; number < MAX_NUMBER; number++) {
    const executed = rig.executed[number]!
    const isDue =
      accepted[number] === 1 || (rig.answered[number]! > 0 && rig.withdrawn[number] === Withdrawn.No)
    if (isDue && executed === 0) lost++
    if (executed > 1) doubled++
    if (executed > 0 && rig.withdrawn[number] === Withdrawn.BeforeItWasSent) unwanted++
  }
  const words = readLastWords(rig.bmc.sel.records.map(decodeSelRecord))
  const lastWords = words.length === 1 && words[0]!.wholeness !== 'partMissing' && words[0]!.text === text
  const hang = rig.panicPath.outcome === 'hang'
  return { hang, lost, doubled, lastWords, silent: words.length === 0, unended, unwanted }
}

/** What each policy promises. `drop` may lose the one message that was handed to nobody. */
export function isViolation(policy: string, fate: Fate): boolean {
  if (fate.hang || fate.doubled > 0 || fate.unended > 0 || fate.unwanted > 0 || !fate.lastWords) return true
  return fate.lost > (policy === 'drop' ? 1 : 0)
}

/** How many fates `packFate` tells apart. */
export const FATES = 512

/** A fate in nine bits, for a table of millions: counts stop at three, and at one. */
export function packFate(fate: Fate): number {
  return (
    (fate.hang ? 1 : 0) |
    (fate.lastWords ? 2 : 0) |
    (Math.min(3, fate.lost) << 2) |
    (Math.min(3, fate.doubled) << 4) |
    (fate.unended > 0 ? 64 : 0) |
    (fate.unwanted > 0 ? 128 : 0) |
    (fate.silent ? 256 : 0)
  )
}

export function unpackFate(packed: number): Fate {
  return {
    hang: (packed & 1) !== 0,
    lastWords: (packed & 2) !== 0,
    lost: (packed >> 2) & 3,
    doubled: (packed >> 4) & 3,
    unended: (packed >> 6) & 1,
    unwanted: (packed >> 7) & 1,
    silent: (packed & 256) !== 0,
  }
}
