/** One panic at one step of one message's way, with two more messages waiting behind it where the step allows. */
import { Point } from '../machine/trace.ts'
import { lastWordsSentence, readLastWords } from '../protocol/last-words.ts'
import { decodeSelRecord } from '../protocol/sel-record.ts'
import type { PanicPolicy } from '../si/panic-policy.ts'
import { type Fate, judge } from './fate.ts'
import { Rig } from './rig.ts'
import type { Step } from './step.ts'

const points: Readonly<Record<Step, Point>> = {
  'before-1': Point.Send,
  'before-2': Point.Sender,
  'before-3': Point.StartNext,
  'before-4': Point.StartTransaction,
  'before-5': Point.Register,
  done: Point.GetResult,
  between: Point.MsgReceived,
  'after-5': Point.HandlerCleared,
}

/** In the middle of the transfer of a request of 18 bytes, on entry to a turn of the machine. */
const REGISTER_ACCESSES_BEFORE_CUT = 36

const cut = new Error('the host has stopped')

export interface PanicAtStep {
  policy: PanicPolicy['name']
  step: Step
  fate: Fate
  /** How often the BMC executed the message that was cut. */
  executed: number
  /** What the SEL tells of it afterwards. */
  sentences: string[]
  /** How the message that was cut ended, for its user: `answered`, `unanswered`, or an error's code. */
  ended: string
}

export function panicAtStep(policy: PanicPolicy, step: Step, text: string): PanicAtStep {
  const rig = new Rig({ policy, text, bmc: 'atOnce', maxMsgs: 8, nowMs: Date.now })
  rig.settle()
  rig.send(0, 'normal')
  rig.settle()
  let accesses = 0
  rig.trace.hook = point => {
    if (point !== points[step]) return
    if (point === Point.Register && ++accesses <= REGISTER_ACCESSES_BEFORE_CUT) return
    rig.trace.hook = null
    rig.panic()
    throw cut
  }
  try {
    rig.send(1, 'normal')
    rig.send(2, 'high')
    rig.send(3, 'normal')
    rig.settle()
  } catch (error) {
    if (error !== cut) throw error
  }
  const words = readLastWords(rig.bmc.sel.records.map(decodeSelRecord))
  return {
    policy: policy.name,
    step,
    fate: judge(rig, text),
    executed: rig.executed[1]!,
    sentences: words.map(lastWordsSentence),
    ended: rig.endOf(1),
  }
}
