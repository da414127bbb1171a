import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LastwordError } from '../../../protocol/error.ts'
import type { CutBench, CutEnd, Moment } from './cut-bench.ts'
import { Stepper } from './stepper.ts'
import { LEAST_COMPARED, Trails } from './trails.ts'
import type { Instruction } from './way.ts'

const stores = {
  handlerCurrMsg: 'message',
  driverWaitingMsg: 'none',
  driverCurrMsg: 'none',
  siState: 0,
} as const

/** A function's instructions, by the address of its entry. */
const body = (entry: number, length: number) => Array.from({ length }, (_, at) => entry + at)
const [first, second, interrupt] = [body(1000, 20), body(2000, 20), body(3000, 40)]
/** Left by two callers, one after the other. */
const unlock = body(500, 5)
const traced = [...first, ...unlock, ...second, ...unlock, ...body(4000, 20)]
const secondUnlock = first.length + unlock.length + second.length

const wayOf = (addresses: readonly number[]): Instruction[] =>
  addresses.map((address, count) => ({
    address: BigInt(address),
    after: 'smi_send',
    count,
    stores,
    step: 'before-2',
    symbol: `at ${address}`,
    effect: true,
  }))

/** A machine that goes along these addresses, whatever was traced, and notes where it was struck. */
function machineOn(
  goes: readonly number[],
  strike: (times: number) => void = () => {},
  way: readonly number[] = traced,
) {
  let at = 0
  const struck: number[] = []
  const machine = {
    entry: { name: 'entry' } as Moment,
    options: { kernel: { version: '6.1.192' }, interface: 'kcs', panicOp: 'string' },
    restore: async ({ name }: Moment) => {
      at = name === 'entry' ? 0 : Number(name.slice('at-'.length))
    },
    save: async (name: string) => ({ name }) as Moment,
    forget: async () => {},
    step: async () => {
      at++
    },
    undisturbed: <T>(cut: () => Promise<T>) => cut(),
    rip: async () => BigInt(goes[at] ?? 0),
    panicHere: async (): Promise<CutEnd> => {
      struck.push(at)
      strike(struck.length)
      const end = { came: 'through', sat: '', turns: 0, spins: 0, requests: 0 } as const
      return { ...end, outcome: 'recorded', executed: 1, silent: false }
    },
  }
  // Only what a stepper uses of a bench.
  const bench: unknown = machine
  return { stepper: new Stepper(bench as CutBench, wayOf(way)), struck }
}

describe('a machine brought to an instruction of the way', () => {
  it('is struck there, at each', async () => {
    const { stepper, struck } = machineOn(traced)
    for (let at = 0; at < traced.length; at++) assert.ok(await stepper.cut(at), `${at}`)
    assert.deepEqual(
      struck,
      traced.map((_, at) => at),
    )
  })

  it('that an interrupt led elsewhere is struck at the passage that was asked for, behind it', async () => {
    const goes = [...first, ...unlock, ...interrupt, ...second, ...unlock, ...body(4000, 20)]
    const { stepper, struck } = machineOn(goes)
    for (const offset of [0, 2, 4]) assert.ok(await stepper.cut(secondUnlock + offset))
    assert.deepEqual(
      struck.map(at => at - interrupt.length),
      [0, 2, 4].map(offset => secondUnlock + offset),
    )
  })

  it('that comes by the same address only from elsewhere is not struck', async () => {
    // Instead of the second function an interrupt, which leaves the same lock.
    const goes = [...first, ...unlock, ...interrupt, ...unlock, ...body(5000, 400)]
    const { stepper, struck } = machineOn(goes)
    assert.equal(await stepper.cut(secondUnlock + 2), undefined)
    assert.deepEqual(struck, [])
  })

  it('that stands at the same address after as many steps, but in another turn, is not struck', async () => {
    const goes = [
      ...first,
      ...unlock,
      ...second.slice(0, 12),
      ...body(6000, 8),
      ...unlock,
      ...body(5000, 400),
    ]
    const { stepper, struck } = machineOn(goes)
    assert.equal(goes[secondUnlock + 2], traced[secondUnlock + 2])
    assert.equal(await stepper.cut(secondUnlock + 2), undefined)
    assert.deepEqual(struck, [])
  })

  it('that went otherwise is not struck in a loop whose turns nothing tells apart', async () => {
    const loop = Array.from({ length: 200 }, () => body(700, 4)).flat()
    const { stepper, struck } = machineOn([...body(3000, 5), ...loop], () => {}, loop)
    assert.equal(await stepper.cut(600), undefined)
    assert.deepEqual(struck, [])
  })

  it('is struck once more where the first panic was not told in time, and no more than that', async () => {
    const stuck = new LastwordError('KERNEL_STUCK', 'no verdict')
    const once = machineOn(traced, times => {
      if (times === 1) throw stuck
    })
    assert.equal((await once.stepper.cut(7))?.row.outcome, 'recorded')
    assert.deepEqual(once.struck, [7, 7])
    const always = machineOn(traced, () => {
      throw stuck
    })
    await assert.rejects(always.stepper.cut(7), { code: 'KERNEL_STUCK' })
    assert.deepEqual(always.struck, [7, 7])
  })
})

describe('the trail to an instruction', () => {
  it('is as long as it takes to tell it from all other passages', () => {
    const trails = new Trails(wayOf(traced))
    assert.equal(trails.to(2).addresses.length, 3)
    assert.equal(trails.to(40).addresses.length, LEAST_COMPARED)
    assert.deepEqual(trails.to(secondUnlock + 4), {
      addresses: [...second.slice(-3), ...unlock].map(BigInt),
      isUnique: true,
    })
    const loops = new Trails(wayOf([...first, ...first, ...first]))
    assert.deepEqual(
      [loops.to(30).addresses.length, loops.to(30).isUnique, loops.to(50).addresses.length],
      [31, false, 32],
    )
  })

  it('is not unique in the middle of a loop that has gone round for long', () => {
    assert.equal(new Trails(wayOf(Array(1000).fill(7))).to(600).isUnique, false)
  })
})
