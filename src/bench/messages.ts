/** Messages through handler, KCS machine and simulated BMC, with more and more of them queued. */
import type { HeapProfiler } from 'node:inspector'
import { Session } from 'node:inspector/promises'
import type { Bmc } from '../bmc/bmc.ts'
import { execute } from '../bmc/execute.ts'
import { Rig } from '../lab/rig.ts'
import { requestBytes } from '../protocol/message.ts'
import { resend } from '../si/panic-policy.ts'
import { type Figure, medianSeconds, perSecond } from './figure.ts'

const MESSAGES = 50_000
const GET_DEVICE_ID = { netFn: 0x06, cmd: 0x01 }

export async function messageCosts(): Promise<Figure[]> {
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
  figures.push(await bytesAllocated())
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

/** Heap bytes that each folder's code allocates for a message, as V8's sampling profiler sees them. */
async function bytesAllocated(): Promise<Figure> {
  const rig = newRig(1)
  sendAll(rig, 1, MESSAGES)
  const profile = await profileHeap(() => sendAll(rig, 1, MESSAGES))
  const ofFolders = (...folders: string[]) =>
    bytesIn(profile, url => folders.some(folder => url.includes(`/${folder}/`))) / MESSAGES
  return {
    name: 'heap bytes allocated for a message by handler, driver and machine',
    value: ofFolders('handler', 'si').toFixed(0),
    against: `${ofFolders('bmc', 'protocol').toFixed(0)} in the simulated BMC, which decodes and encodes`,
  }
}

type ProfileNode = HeapProfiler.SamplingHeapProfileNode

async function profileHeap(run: () => void): Promise<ProfileNode> {
  const session = new Session()
  session.connect()
  try {
    await session.post('HeapProfiler.startSampling', {
      samplingInterval: 256,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    })
    run()
    const { profile } = await session.post('HeapProfiler.stopSampling')
    return profile.head
  } finally {
    session.disconnect()
  }
}

function bytesIn(node: ProfileNode, isOurs: (url: string) => boolean): number {
  const own = isOurs(node.callFrame.url) ? node.selfSize : 0
  return node.children.reduce((sum, child) => sum + bytesIn(child, isOurs), own)
}
