/** Cuts of a real kernel a second: from a snapshot, against a boot for each; and what the bench takes of the computer. */
import { CutBench, type CutBenchOptions } from '../lab/kernel/cuts/cut-bench.ts'
import { Sweep } from '../lab/kernel/cuts/sweep.ts'
import { defaultJobs, Twins } from '../lab/kernel/cuts/twins.ts'
import { traceWay } from '../lab/kernel/cuts/way.ts'
import { findKernel } from '../lab/kernel/debian-kernel.ts'
import { findProgram } from '../lab/kernel/run-program.ts'
import type { Figure } from './figure.ts'

const BOOTS = 3
/** Neighbours, half of which hang on every kernel that was measured. */
const CUTS = 120
const MIB = 1024 * 1024
const programs = ['qemu-system-x86_64', 'qemu-img', 'busybox', 'ipmitool'] as const

export async function kernelCuts(): Promise<Figure[]> {
  const missing = programs.filter(program => findProgram(program) === undefined)
  if (missing.length > 0)
    return [{ name: 'cuts of a real kernel', value: '-', against: `no ${missing.join(', ')}` }]
  const options: CutBenchOptions = { kernel: await findKernel(), interface: 'kcs', panicOp: 'string' }
  const bootMs = await perCutWithBoot(options)
  const bench = await CutBench.start(options)
  try {
    const traceStartMs = performance.now()
    const way = await traceWay(bench)
    const traceMs = performance.now() - traceStartMs
    await using machines = await Twins.of(bench, defaultJobs(1) - 1)
    const benches = [bench, ...machines.twins]
    const sweep = new Sweep(benches, way)
    const startMs = performance.now()
    let cuts = 0
    for await (const _ of sweep.everyInstruction(0, CUTS)) cuts++
    const cutMs = (performance.now() - startMs) / cuts
    const usages = await Promise.all(benches.map(one => one.bench.machine.usage()))
    const memoryBytes = usages.reduce((sum, usage) => sum + usage.memoryBytes, 0)
    const diskBytes = usages.reduce((sum, usage) => sum + usage.diskBytes, 0)
    return [
      figure(
        'a cut from a snapshot',
        `${cutMs.toFixed(0)} ms`,
        `${(1000 / cutMs).toFixed(1)} a second, ${cuts} neighbours, ${benches.length} machines`,
      ),
      figure(
        'a cut with a boot of its own',
        `${bootMs.toFixed(0)} ms`,
        `${(bootMs / cutMs).toFixed(0)} times as long, ${BOOTS} boots`,
      ),
      figure("one request's way, traced", `${(traceMs / 1000).toFixed(1)} s`, `${way.length} instructions`),
      figure(
        `memory of ${benches.length} machines, and of this process`,
        `${(memoryBytes / MIB).toFixed(0)} MiB`,
        `${(process.memoryUsage.rss() / MIB).toFixed(0)} MiB`,
      ),
      figure(
        'disk, while it runs',
        `${(diskBytes / MIB).toFixed(0)} MiB`,
        'seven snapshots a machine at the most',
      ),
    ]
  } finally {
    await bench.dispose()
  }
}

function figure(name: string, value: string, against: string): Figure {
  return { name, value, against }
}

async function perCutWithBoot(options: CutBenchOptions): Promise<number> {
  const startMs = performance.now()
  for (let boot = 0; boot < BOOTS; boot++) {
    const bench = await CutBench.start(options)
    try {
      await bench.panicHere()
    } finally {
      await bench.dispose()
    }
  }
  return (performance.now() - startMs) / BOOTS
}
