/** For tests against real programs and kernels: skips them by name where a program is missing, or lets them fail if told to. */
import { describe, it, type TestContext } from 'node:test'
import { LastwordError } from '../../protocol/error.ts'
import { findKernel, type Kernel } from './debian-kernel.ts'
import { findProgram, installCommand } from './run-program.ts'

/** Options for `it`. With LASTWORD_NO_SKIP set nothing is skipped, so what is missing fails. */
export function needs(...programs: readonly string[]): { skip: string | false } {
  const missing = programs.filter(program => !findProgram(program))
  if (missing.length === 0 || process.env.LASTWORD_NO_SKIP) return { skip: false }
  return { skip: missing.map(program => `no ${program} (${installCommand(program)})`).join(', ') }
}

/** `it` for tests that need programs: where one is missing, each of them is skipped by its own name and counted. */
export function itNeeds(...programs: readonly string[]) {
  const options = needs(...programs)
  return (name: string, run: (test: TestContext) => void | Promise<void>) => it(name, options, run)
}

/**
 * `describe` for groups that need programs. node neither names nor counts the tests of a group that is skipped, so where
 * a program is missing one test stands for them and says which.
 */
export function describeNeeds(...programs: readonly string[]) {
  const { skip } = needs(...programs)
  return (name: string, body: () => void) => {
    if (skip === false) describe(name, body)
    else describe(name, () => it(`needs ${programs.join(' and ')}`, { skip }, () => {}))
  }
}

/** Whether `before` can do its part; where it cannot, every test is skipped by `itNeeds`. */
export function hasAll(...programs: readonly string[]): boolean {
  return needs(...programs).skip === false
}

/** This system's own kernel; where none can be fetched the reason is given, unless nothing may be skipped. */
export async function kernelOrReason(): Promise<Kernel | string> {
  try {
    return await findKernel()
  } catch (error) {
    const outOfReach =
      error instanceof LastwordError && ['NO_NETWORK', 'NO_APT', 'NO_APT_SOURCE'].includes(error.code)
    if (!outOfReach || process.env.LASTWORD_NO_SKIP) throw error
    return error.message
  }
}

/** `it` for tests that boot a kernel as well: each is skipped by its own name where there is none to be had. */
export function itBoots(...programs: readonly string[]) {
  const it = itNeeds(...programs)
  let kernel: Promise<Kernel | string> | undefined
  return (name: string, run: (kernel: Kernel) => Promise<void>) =>
    it(name, async test => {
      kernel ??= kernelOrReason()
      const found = await kernel
      if (typeof found === 'string') test.skip(found)
      else await run(found)
    })
}
