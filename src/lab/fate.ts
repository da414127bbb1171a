/** What became of a host that panicked: judged from the BMC's side, which is the side that counts. */
import { Origin } from '../handler/handler-msg.ts'
import { readLastWords } from '../protocol/last-words.ts'
import { decodeSelRecord } from '../protocol/sel-record.ts'
import { Fault, Stage } from '../si/smi-msg.ts'
import { MAX_NUMBER, type Rig, trafficNumber } from './rig.ts'

export interface Fate {
  hang: boolean
  /** Accepted and never executed. */
  lost: number
  /** Executed more than once. */
  doubled: number
  /** The last words are in the SEL, whole. */
  lastWords: boolean
  /** Messages without an answer and without an error. */
  unended: number
}

export function judge(rig: Rig, text: string): Fate {
  let lost = 0
  let doubled = 0
  let unended = 0
  const accepted = new Uint8Array(MAX_NUMBER)
  for (const msg of rig.handler.pool.slots) {
    if (msg.stage < Stage.Accepted || msg.origin !== Origin.User) continue
    const number = trafficNumber(msg.data)
    if (number < 0) continue
    if (msg.fault !== Fault.Aborted && msg.fault !== Fault.UserGone) accepted[number] = 1
    if (msg.stage !== Stage.Ended) unended++
  }
  for (let number = 0; number < MAX_NUMBER; number++) {
    const isDue = accepted[number] === 1 || (rig.answered[number]! > 0 && rig.withdrawn[number] === 0)
    if (isDue && rig.executed[number] === 0) lost++
    if (rig.executed[number]! > 1) doubled++
  }
  const words = readLastWords(rig.bmc.sel.records.map(decodeSelRecord))
  const lastWords = words.length === 1 && words[0]!.complete && words[0]!.text === text
  return { hang: rig.panicPath.outcome === 'hang', lost, doubled, lastWords, unended }
}

/** What each policy promises. `drop` may lose the one message that was handed to nobody. */
export function isViolation(policy: string, fate: Fate): boolean {
  if (fate.hang || fate.doubled > 0 || fate.unended > 0 || !fate.lastWords) return true
  return fate.lost > (policy === 'drop' ? 1 : 0)
}

/** A fate in seven bits, for a table of millions. */
export function packFate(fate: Fate): number {
  return (
    (fate.hang ? 1 : 0) |
    (fate.lastWords ? 2 : 0) |
    (Math.min(3, fate.lost) << 2) |
    (Math.min(3, fate.doubled) << 4) |
    (fate.unended > 0 ? 64 : 0)
  )
}

export function unpackFate(packed: number): Fate {
  return {
    hang: (packed & 1) !== 0,
    lastWords: (packed & 2) !== 0,
    lost: (packed >> 2) & 3,
    doubled: (packed >> 4) & 3,
    unended: packed >> 6,
  }
}
