/** Debian's own kernel cut at the mail's steps, beside the lab's `none`, `resend` and `drop`. */
import assert from 'node:assert/strict'
import { after, describe } from 'node:test'
import { SEL_FULL } from '../../../bmc/stores/sel-store.ts'
import { panicPolicies } from '../../../si/panic-policy.ts'
import { panicAtStep } from '../../at-step.ts'
import { steps } from '../../step.ts'
import type { Kernel } from '../debian-kernel.ts'
import { itBoots } from '../needs-programs.ts'
import { cutAt, cutAtPlace, findPlace } from './cut-at.ts'
import { CutBench } from './cut-bench.ts'
import { HANG_TURNS, SPIN_TURNS } from './follow-panic.ts'
import { STANDSTILL_MS } from './standstill.ts'
import { StoreProbe, storesText } from './stores.ts'
import { Sweep } from './sweep.ts'
import { Twins } from './twins.ts'
import { type Instruction, traceWay } from './way.ts'
import { windowTexts } from './windows.ts'

const programs = ['qemu-system-x86_64', 'qemu-img', 'busybox', 'ipmitool'] as const
const it = itBoots(...programs)

/** What the lab says of the same cut, in the words of the kernel's rows. */
function outcomeOf(policyName: string, step: (typeof steps)[number]): 'recorded' | 'incomplete' | 'hang' {
  const policy = panicPolicies.find(({ name }) => name === policyName)!
  const { fate } = panicAtStep(policy, step, 'NMI: Not continuing')
  return fate.hang ? 'hang' : fate.lastWords ? 'recorded' : 'incomplete'
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const taken: Item[] = []
  for await (const item of items) taken.push(item)
  return taken
}

/** How often the BMC executes the request that was under way. */
const executedAt: Readonly<Record<(typeof steps)[number], number>> = {
  'before-1': 0,
  'before-2': 0,
  'before-3': 1,
  'before-4': 0,
  'before-5': 1,
  done: 1,
  between: 1,
  'after-5': 1,
}

/** An event, and two records of text for 'NMI: Not continuing'. */
const LEAST_PANIC_REQUESTS = 3
const PANIC_TEXT_RECORD = 0xf0
const [SYSTEM_RECORD, OS_STOP] = [0x02, 0x20]

for (const way of ['kcs', 'bt'] as const) {
  describe(`a stock kernel over ${way.toUpperCase()}, cut at the mail's steps`, () => {
    let bench: CutBench | undefined
    let traced: Instruction[] | undefined
    const booted = async (kernel: Kernel) => {
      const options = { kernel, interface: way, panicOp: 'string', requestsPerPassage: 200 } as const
      bench ??= await CutBench.start(options)
      return bench
    }
    const wayOf = async (kernel: Kernel) => {
      traced ??= await traceWay(await booted(kernel))
      return traced
    }
    after(() => bench?.dispose())

    for (const step of steps) {
      it(`${step}: fares as the lab's policy none says, and resend and drop get through`, async kernel => {
        const { row } = await cutAt(await booted(kernel), { place: step })
        assert.equal(row.outcome, outcomeOf('none', step), JSON.stringify(row))
        assert.equal(row.executed, executedAt[step], JSON.stringify(row))
        assert.equal(outcomeOf('resend', step), 'recorded')
        assert.equal(outcomeOf('drop', step), 'recorded')
      })
    }

    it('names the nearest for a symbol that it does not have', async kernel => {
      await assert.rejects(cutAt(await booted(kernel), { place: 'smi_snd' }), {
        code: 'SYMBOL_UNKNOWN',
        message: /smi_send/,
      })
    })

    it('60 instructions on, cut by it and a twin, it hangs from the store of currMsg on and not before', async kernel => {
      const bench = await booted(kernel)
      const way = await wayOf(kernel)
      const store = way.findIndex(({ step }) => step === 'before-2')
      await using machines = await Twins.of(bench, 1)
      const sweep = new Sweep([bench, ...machines.twins], way)
      const cuts = await all(sweep.everyInstruction(store - 30, store + 30))
      assert.equal(cuts.length, 60)
      const windows = windowTexts(way, cuts)
      assert.deepEqual(
        windows.map(({ from, to, step, stores }) => ({ from, to, step, stores })),
        [{ from: store, to: store + 29, step: 'before-2', stores: 'handler.currMsg' }],
      )
      assert.ok(cuts.every(([, { row }]) => row.outcome !== 'incomplete'))
      // And a cut at each store alone tells the same, by fewer cuts.
      const atStores = await all(sweep.everyStore(store - 30, store + 30))
      assert.ok(atStores.length < 30, `${atStores.length}`)
      assert.deepEqual(
        windowTexts(way, atStores).map(({ from, to, instructions }) => ({ from, to, instructions })),
        [{ from: store, to: store + 29, instructions: 30 }],
      )
    })

    it('along its whole way ends with the response at its user, all stores gone', async kernel => {
      const way = await wayOf(kernel)
      const steps = new Set(way.map(({ step }) => step))
      assert.deepEqual(
        [...steps],
        ['before-1', 'before-2', 'before-3', 'before-4', 'before-5', 'done', 'between', 'after-5'],
      )
      assert.equal(storesText(way.at(-1)!.stores), 'nothing')
    })

    it('has its variables read where it is cut', async kernel => {
      const bench = await booted(kernel)
      await bench.restore(bench.entry)
      const probe = await StoreProbe.find(bench.gdb, bench.symbols, way)
      const read = async (place: string) => (await cutAtPlace(bench, findPlace(bench, place), probe)).row.read
      const none = { intfCurrMsg: false, waitingMsg: false, currMsg: false, siState: 0 }
      assert.deepEqual(await read('before-1'), none)
      assert.deepEqual(await read('before-3'), { ...none, intfCurrMsg: true, waitingMsg: true })
      assert.deepEqual(await read('done/3'), { ...none, intfCurrMsg: true, currMsg: true })
    })

    it('takes the n-th passage when told to', async kernel => {
      const bench = await booted(kernel)
      const first = await cutAt(bench, { place: 'before-1' })
      const third = await cutAt(bench, { place: 'before-1', hit: 3 })
      assert.deepEqual([first.row.outcome, third.row.outcome], ['recorded', 'recorded'])
      assert.equal(third.row.executed, 0)
      assert.equal(await bench.goTo({ expression: 'ipmi_msghandler:smi_send', hit: 3 }), bench.serial + 2)
    })

    it('while a timer is set, hangs for its lock, by turns of the loop and not by time', async kernel => {
      const bench = await booted(kernel)
      const serial = await bench.goTo({
        expression: '_raw_spin_unlock_irqrestore',
        hit: 1,
        via: '__mod_timer',
      })
      const { outcome, sat, turns, spins } = await bench.panicHere(serial)
      assert.deepEqual({ outcome, turns, spins }, { outcome: 'hang', turns: 0, spins: SPIN_TURNS })
      assert.match(sat, /^native_queued_spin_lock_slowpath < .*smi_event_handler/)
    })

    it('in its own wait hangs by turns of it, and the requests of the panic are counted', async kernel => {
      const bench = await booted(kernel)
      await bench.goTo({ expression: 'ipmi_si:sender', hit: 1 })
      const hang = await bench.panicHere()
      assert.deepEqual([hang.outcome, hang.turns, hang.spins], ['hang', HANG_TURNS, 0])
      await bench.restore(bench.entry)
      const { outcome, requests } = await bench.panicHere()
      assert.equal(outcome, 'recorded')
      assert.ok(requests >= LEAST_PANIC_REQUESTS, `${requests}`)
    })

    const isText = (raw: Uint8Array) => raw[2] === PANIC_TEXT_RECORD
    const isEvent = (raw: Uint8Array) => raw[2] === SYSTEM_RECORD && raw[10] === OS_STOP
    for (const [what, isLost] of [
      ['one of the records of text', (raw: Uint8Array, texts: number) => isText(raw) && texts === 2],
      ['the event', isEvent],
    ] as const) {
      it(`into a log that loses ${what} is told as incomplete`, async kernel => {
        const bench = await booted(kernel)
        await bench.restore(bench.entry)
        const { sel } = bench.bench.bmc
        const add = sel.add.bind(sel)
        let [texts, lost] = [0, 0]
        sel.add = raw => {
          if (isText(raw)) texts++
          if (!isLost(raw, texts)) return add(raw)
          lost++
          return SEL_FULL
        }
        try {
          const { outcome, came, requests } = await bench.panicHere()
          assert.deepEqual([outcome, came, lost], ['incomplete', 'through', 1])
          assert.ok(requests >= LEAST_PANIC_REQUESTS, `${requests}`)
        } finally {
          sel.add = add
        }
      })
    }

    it('in whose middle our process stood still is made again', async kernel => {
      const bench = await booted(kernel)
      const before = bench.redone
      let made = 0
      const outcome = await bench.undisturbed(async () => {
        await bench.restore(bench.entry)
        if (++made === 1) {
          await bench.gdb.setBreakpoint(bench.symbols.resolve('ipmi_si:sender'))
          bench.gdb.resume()
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1.2 * STANDSTILL_MS)
          throw new Error('in the middle, the machine running and a breakpoint set')
        }
        return (await bench.panicHere()).outcome
      })
      assert.deepEqual([outcome, made, bench.redone - before], ['recorded', 2, 1])
    })

    it('says so when traffic never comes by a place, such as the middle of an instruction', async kernel => {
      await assert.rejects(cutAt(await booted(kernel), { place: 'smi_send+0x1' }), {
        code: 'NOT_PASSED',
        message: /in 200 requests/,
      })
    })
  })
}

describe('a stock kernel with a processor to spare, or set up otherwise', () => {
  const setups = {
    'two processors, one held in the window while the other panics': { panicOp: 'string', cpus: 2 },
    'panic_op=none and ipmi_watchdog started': { panicOp: 'none', watchdog: 'started' },
    'panic_op=event': { panicOp: 'event' },
  } as const
  const waitsIn = {
    string: /^smi_event_handler < _?ipmi_panic_request_and_wait < panic_event$/,
    none: /^smi_event_handler < (?:\w+ < )+ipmi_wdog_panic_handler < panic_event$/,
    event: /^smi_event_handler < _?ipmi_panic_request_and_wait < panic_event$/,
  }
  for (const [name, setup] of Object.entries(setups)) {
    it(`${name}: hangs before step 2 and gets through before step 3`, async kernel => {
      await using bench = await CutBench.start({ kernel, interface: 'kcs', ...setup })
      const { row, sat } = await cutAt(bench, { place: 'before-2' })
      assert.equal(row.outcome, 'hang')
      assert.match(sat, waitsIn[setup.panicOp])
      assert.equal((await cutAt(bench, { place: 'before-3' })).row.outcome, 'recorded')
    })
  }
})
