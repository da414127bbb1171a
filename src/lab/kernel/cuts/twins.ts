/** Further machines that stand where a bench's entry is: they share its work, and go with their owner. */
import { availableParallelism } from 'node:os'
import type { CutBench } from './cut-bench.ts'

/** A third would wait for the same memory that the first two copy. */
const MOST_BY_DEFAULT = 2

/** Two processors' worth of work and more; each takes memory and disk, as docs/lab.md says. */
export const MOST_JOBS = 8

/** Machines that a sweep takes unless told: one for each processor of this computer, two at the most. */
export function defaultJobs(cpus: 1 | 2): number {
  // With two processors its virtual time is not counted, and a twin would go other ways.
  return cpus === 2 ? 1 : Math.min(MOST_BY_DEFAULT, availableParallelism())
}

export class Twins implements AsyncDisposable {
  readonly twins: readonly CutBench[]

  private constructor(twins: readonly CutBench[]) {
    this.twins = twins
  }

  static async of(bench: CutBench, count: number): Promise<Twins> {
    const twins: CutBench[] = []
    try {
      for (let made = 0; made < count; made++) twins.push(await bench.twin())
      return new Twins(twins)
    } catch (error) {
      await new Twins(twins).dispose()
      throw error
    }
  }

  async dispose(): Promise<void> {
    await Promise.all(this.twins.map(twin => twin.dispose()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }
}
