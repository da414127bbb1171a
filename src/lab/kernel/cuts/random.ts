/** NMIs at random moments of a real kernel under traffic: how likely a hang is, with the interval in which it lies. */
import { setTimeout as sleep } from 'node:timers/promises'
import { LastwordError } from '../../../protocol/error.ts'
import type { CutBench } from './cut-bench.ts'
import { TRAFFIC_LIMIT_MS } from './cut-boot.ts'
import { type CutReport, cutRow } from './rows.ts'
import { sideBySide } from './side-by-side.ts'

/** Requests over which the moment is spread. */
const PERIODS: Readonly<Record<'full' | 'slow', number>> = { full: 10, slow: 1 }

interface Clock {
  nowMs(): number
  sleep(ms: number): Promise<void>
}

const realClock: Clock = { nowMs: () => performance.now(), sleep: ms => sleep(ms) }

/** How long the kernel takes from one request to the next, in milliseconds: it runs free, as it does until an NMI strikes. */
export async function periodMs(bench: CutBench, clock = realClock): Promise<number> {
  const periods = bench.options.traffic === 'slow' ? 3 : 20
  await bench.restore(bench.entry)
  bench.gdb.resume()
  const startMs = await arrival(bench, bench.serial, clock)
  const endMs = await arrival(bench, bench.serial + periods, clock)
  await bench.gdb.interrupt()
  return (endMs - startMs) / periods
}

/** When the BMC has got a numbered request. */
async function arrival(bench: CutBench, serial: number, clock: Clock): Promise<number> {
  const limitAtMs = clock.nowMs() + TRAFFIC_LIMIT_MS
  while (bench.bench.account.highestSerial < serial) {
    bench.options.signal?.throwIfAborted()
    if (clock.nowMs() > limitAtMs) {
      await bench.gdb.interrupt()
      const message = `Request ${serial} of the traffic did not reach the BMC in ${TRAFFIC_LIMIT_MS / 1000} s`
      throw new LastwordError('NOT_PASSED', message)
    }
    await clock.sleep(1)
  }
  return clock.nowMs()
}

/** On one machine, or on twins that share the cuts. Each cut begins at the same request and strikes after a time that is spread evenly over whole periods of the traffic. */
export async function* randomCuts(
  benches: readonly [CutBench, ...CutBench[]],
  cuts: number,
  { random = Math.random, clock = realClock }: { random?: () => number; clock?: Clock } = {},
): AsyncGenerator<CutReport, void> {
  const spanMs = (await periodMs(benches[0], clock)) * PERIODS[benches[0].options.traffic ?? 'full']
  const numbers = Array.from({ length: cuts }, (_, index) => index + 1)
  yield* sideBySide(benches, numbers, async function* (bench, number) {
    const afterMs = random() * spanMs
    yield await bench.undisturbed(() => cutAfter(bench, () => clock.sleep(afterMs), number))
  })
}

async function cutAfter(bench: CutBench, wait: () => Promise<void>, number: number): Promise<CutReport> {
  await bench.restore(bench.entry)
  bench.gdb.resume()
  await wait()
  await bench.gdb.interrupt()
  const address = await bench.rip()
  const symbol = bench.symbols.nameAt(address) ?? 'user mode'
  const end = await bench.panicHere(Math.max(bench.bench.account.highestSerial, bench.serial))
  return cutRow(bench, { after: 'random', instruction: number, symbol, step: null }, end)
}

/** Wilson's interval for a share at 95 %. */
export function wilson(hits: number, of: number): { low: number; high: number } {
  if (of === 0) return { low: 0, high: 1 }
  const z = 1.959964
  const share = hits / of
  const scale = 1 + (z * z) / of
  const centre = (share + (z * z) / (2 * of)) / scale
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of))
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) }
}
