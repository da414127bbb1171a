/** Messages through handler, KCS machine and simulated BMC, with more and more of them queued. */
import type { Bmc } from '../bmc/bmc.ts'
import { execute } from '../bmc/execute.ts'
import { Rig } from '../lab/rig.ts'
import { requestBytes } from '../protocol/message.ts'
import { resend } from '../si/panic-policy.ts'
import { type Figure, medianSeconds, perSecond } from './figure.ts'

const MESSAGES = 50_000
const GET_DEVICE_ID = { netFn: 0x06, cmd: 0x01 }

export function messageCosts(): Figure[] {
  const figures: Figure[] = []
  const alone = secondsOf(1)
  for (const queued of [1, 10, 1000]) {
    const seconds = queued === 1 ? alone : secondsOf(queued)
    figures.push({
      name: `messages with ${queued} queued`,
      value: perSecond(MESSAGES, seconds),
      against: `${(seconds / alone).toFixed(2)} of the cost with 1 queued (goal: flat)`,
    })
  }
  const { bmc } = newRig(1)
  const executing = medianSeconds(() => executeOnly(bmc, MESSAGES))
  figures.push({
    name: 'the same requests executed without handler and registers',
    value: perSecond(MESSAGES, executing),
    against: `the whole way costs ${(alone / executing).toFixed(1)} times as much`,
  })
  figures.push(bytesAllocated())
  return figures
}

function newRig(queued: number): Rig {
  const rig = new Rig({
    policy: resend,
    text: '',
    bmc: 'atOnce',
    maxMsgs: queued + 1,
    maxMsgsPerUser: queued + 1,
  })
  rig.settle()
  return rig
}

function secondsOf(queued: number): number {
  const rig = newRig(queued)
  return medianSeconds(() => sendAll(rig, queued, MESSAGES))
}

/** Keeps `queued` messages in the handler until all have been answered. */
function sendAll(rig: Rig, queued: number, count: number): void {
  const { handler, driver, users } = rig
  const user = users[0]!
  let sent = 0
  let answered = 0
  const onReply = () => {
    answered++
    if (sent < count) {
      sent++
      user.send(GET_DEVICE_ID, onReply)
    }
  }
  while (sent < queued) {
    sent++
    user.send(GET_DEVICE_ID, onReply)
  }
  while (answered < sent) {
    driver.poll(0)
    if (handler.hasWork) handler.work()
  }
}

function executeOnly(bmc: Bmc, count: number): void {
  const request = requestBytes(0x06, 0x01, new Uint8Array(0))
  for (let i = 0; i < count; i++) execute(bmc, request)
}

/** Few enough that the collector does not run in between. */
const COUNTED_MESSAGES = 500

/** What handler, driver and machine allocate for a message: the BMC's share is taken off. */
function bytesAllocated(): Figure {
  const { gc } = globalThis as { gc?: () => void }
  const rig = newRig(1)
  const { bmc } = newRig(1)
  const whole = bytesEach(gc, () => sendAll(rig, 1, COUNTED_MESSAGES))
  const executing = bytesEach(gc, () => executeOnly(bmc, COUNTED_MESSAGES))
  return {
    name: 'heap bytes allocated for a message by handler, driver and machine',
    value: gc === undefined ? 'not measured' : `${Math.max(0, whole - executing).toFixed(0)}`,
    against: `${executing.toFixed(0)} in the simulated BMC, which decodes and encodes`,
  }
}

/** The median of several runs, each begun with a fresh heap. */
function bytesEach(gc: (() => void) | undefined, run: () => void): number {
  const growths: number[] = []
  for (let i = 0; i < 9; i++) {
    gc?.()
    const before = process.memoryUsage().heapUsed
    run()
    growths.push((process.memoryUsage().heapUsed - before) / COUNTED_MESSAGES)
  }
  return growths.sort((a, b) => a - b)[4]!
}
