/** SEL and SDRs read from a BMC that is far away, that changes, and that lies. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ReserveSel } from '../protocol/commands/sel.ts'
import { GetDeviceSdrInfo } from '../protocol/commands/sensor.ts'
import type { Bmc } from './bmc.ts'
import {
  FakeBmc,
  idOf,
  type RecordStore,
  recordStore,
  sdrRaw,
  selRaw,
  withDeviceSdrs,
  withSdrs,
  withSel,
} from './fake-bmc.test.fixture.ts'
import { FileSdrCache } from './sdr-cache.ts'

const ids = (count: number, first = 1) => Array.from({ length: count }, (_, index) => first + index)

async function selIds(bmc: Bmc): Promise<number[]> {
  const found: number[] = []
  for await (const record of bmc.sel.entries()) found.push(record.recordId)
  return found
}

function selOf(recordIds: number[]): { fake: FakeBmc; store: RecordStore; bmc: Bmc } {
  const store = recordStore(recordIds.map(id => selRaw(id)))
  const fake = withSel(new FakeBmc(), store)
  return { fake, store, bmc: fake.connect() }
}

function sdrsOf(records: Uint8Array[]): { fake: FakeBmc; store: RecordStore; bmc: Bmc } {
  const store = recordStore(records)
  const fake = withSdrs(new FakeBmc(), store)
  return { fake, store, bmc: fake.connect() }
}

async function sdrIds(bmc: Bmc): Promise<number[]> {
  return (await bmc.sdr.records()).map(record => record.recordId)
}

describe('reading ahead', () => {
  it('reads a SEL of 2,000 records in little more round trips than the window forces', async () => {
    const { fake, bmc } = selOf(ids(2000))
    assert.deepEqual(await selIds(bmc), ids(2000))
    assert.ok(fake.roundTrips <= 2000 / fake.window + 10, `${fake.roundTrips} round trips`)
    assert.ok(fake.requests <= 2000 + 4, `${fake.requests} requests`)
    assert.ok(fake.mostUnderWay <= fake.window + 1)
  })

  it('reads 200 SDRs so, too', async () => {
    const { fake, bmc } = sdrsOf(ids(200).map(id => sdrRaw(id, 50)))
    assert.deepEqual(await sdrIds(bmc), ids(200))
    assert.ok(fake.roundTrips <= 200 / fake.window + 10, `${fake.roundTrips} round trips`)
  })

  it('learns a step other than one', async () => {
    const recordIds = ids(500).map(id => id * 16)
    const { fake, bmc } = selOf(recordIds)
    assert.deepEqual(await selIds(bmc), recordIds)
    assert.ok(fake.roundTrips <= 500 / fake.window + 15, `${fake.roundTrips} round trips`)
  })

  it('is right whatever the IDs are', async () => {
    const anyIds = fc.uniqueArray(fc.integer({ min: 1, max: 0xfffe }), { maxLength: 60 })
    const runs = fc
      .array(
        fc.record({ start: fc.integer({ min: 1, max: 0xff00 }), length: fc.integer({ min: 1, max: 20 }) }),
      )
      .map(parts => [...new Set(parts.flatMap(({ start, length }) => ids(length, start)))])
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyIds, runs), fc.integer({ min: 1, max: 40 }), async (recordIds, window) => {
        const { fake, bmc } = selOf(recordIds)
        fake.window = window
        assert.deepEqual(await selIds(bmc), recordIds)
        assert.ok(fake.mostUnderWay <= Math.max(window + 1, 4))
      }),
    )
  })

  it('is not led astray by a BMC that answers with another record than was asked for', async () => {
    const { fake, store, bmc } = selOf([1, 2, 7, 8])
    store.givesNearest = true
    assert.deepEqual(await selIds(bmc), [1, 2, 7, 8])
    assert.ok(fake.requests < 40)
  })

  it('stops asking when its reader stops reading', async () => {
    const { fake, bmc } = selOf(ids(2000))
    for await (const record of bmc.sel.entries()) if (record.recordId === 5) break
    const asked = fake.requests
    await new Promise(resolve => setTimeout(resolve, 5))
    assert.ok(fake.requests === asked && asked < 60, `${asked} requests`)
  })

  it('can be given up', async () => {
    const { bmc } = selOf(ids(500))
    const controller = new AbortController()
    const reading = (async () => {
      for await (const record of bmc.sel.entries({ signal: controller.signal }))
        if (record.recordId === 20) controller.abort()
    })()
    await assert.rejects(reading, { code: 'ABORTED' })
    await assert.rejects(bmc.sdr.records({ signal: AbortSignal.abort() }), { code: 'ABORTED' })
  })
})

describe('an empty SEL', () => {
  it('takes three round trips and no guesses', async () => {
    const { fake, bmc } = selOf([])
    assert.deepEqual(await selIds(bmc), [])
    assert.deepEqual([fake.roundTrips, fake.requests], [3, 3])
  })
})

describe('two readers at once', () => {
  it('do not disturb each other when one gives up', async () => {
    const { store, bmc } = selOf(ids(40))
    store.mostBytes = 8
    const controller = new AbortController()
    const first = bmc.sel.entries({ signal: controller.signal })
    const [begun, all] = await Promise.allSettled([first.next().then(() => controller.abort()), selIds(bmc)])
    assert.equal(begun.status, 'fulfilled')
    assert.deepEqual(all, { status: 'fulfilled', value: ids(40) })
  })
})

describe('a BMC without an SDR repository', () => {
  it('gives its device SDRs', async () => {
    const records = ids(30).map(id => sdrRaw(id))
    const fake = withDeviceSdrs(new FakeBmc(), recordStore(records))
    assert.deepEqual(await fake.connect().sdr.raw(), records)
  })

  it('and without device SDRs says so', async () => {
    const fake = withDeviceSdrs(new FakeBmc(), recordStore([]))
    fake.on(GetDeviceSdrInfo, () => 0xc1)
    await assert.rejects(fake.connect().sdr.raw(), { code: 'NO_SDR' })
  })
})

describe('a SEL that changes under its reader', () => {
  it('of which records are added gives each once', async () => {
    const { fake, store, bmc } = selOf(ids(100))
    let adds = 0
    fake.onRequest = name => {
      if (name !== 'Get SEL Entry' || adds === 30) return
      adds++
      store.records.push(selRaw(100 + adds))
      store.lastAdded++
    }
    const found = await selIds(bmc)
    assert.equal(new Set(found).size, found.length)
    assert.deepEqual(found.slice(0, 100), ids(100))
  })

  it('and is erased and filled again gives the new records, and none twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 120 }), fc.nat(80), async (moment, after) => {
        const { fake, store, bmc } = selOf(ids(60))
        let asked = 0
        fake.onRequest = name => {
          if (name !== 'Get SEL Entry' || ++asked !== moment) return
          store.records = ids(after).map(id => selRaw(id, 1))
          store.lastErased++
        }
        const found: string[] = []
        for await (const record of bmc.sel.entries())
          found.push(`${record.recordId}/${record.kind === 'system' ? record.timestamp : ''}`)
        assert.equal(new Set(found).size, found.length)
        if (asked >= moment)
          for (const record of store.records)
            assert.ok(found.includes(`${idOf(record)}/1`), `lacks ${idOf(record)}`)
      }),
    )
  })

  it('and is erased again and again is given up with a clear error', async () => {
    const { fake, store, bmc } = selOf(ids(10))
    fake.onRequest = name => {
      if (name === 'Get SEL Info') store.lastErased++
    }
    await assert.rejects(selIds(bmc), { code: 'SEL_CHANGED', message: /fake:\/\/bmc: the SEL was erased/ })
  })

  it('whose reservation is lost in the middle of a record is read all the same', async () => {
    const { fake, store, bmc } = selOf(ids(5))
    store.mostBytes = 8
    let reservations = 0
    fake.on(ReserveSel, () => ({ reservationId: ++reservations < 3 ? 0x7777 : store.reservation }))
    assert.deepEqual(await selIds(bmc), ids(5))
    assert.ok(reservations >= 3)
  })

  it('whose reservation is lost each time ends with a clear error', async () => {
    const { fake, store, bmc } = selOf(ids(5))
    store.mostBytes = 8
    fake.on(ReserveSel, () => ({ reservationId: 0x7777 }))
    await assert.rejects(selIds(bmc), { code: 'RECORD_BUSY' })
  })
})

describe('a BMC that gives no whole records', () => {
  it('is read in pieces that it can give', async () => {
    for (const mostBytes of [64, 33, 20, 16, 9, 5]) {
      const records = ids(30).map(id => sdrRaw(id, 20 + ((id * 7) % 100)))
      const { store, bmc } = sdrsOf(records)
      store.mostBytes = mostBytes
      assert.deepEqual(await bmc.sdr.raw(), records)
    }
  })
})

describe('a BMC that cuts off what is too much for it', () => {
  it('is asked for less from then on', async () => {
    const records = ids(30).map(id => sdrRaw(id, 60))
    const { fake, store, bmc } = sdrsOf(records)
    store.mostBytes = 32
    store.cutsOff = true
    assert.deepEqual(await bmc.sdr.raw(), records)
    assert.ok(fake.requests < 4 * 30 + 40, `${fake.requests} requests`)
  })
})

describe('a BMC that lies', () => {
  it('and links its records in a circle is found out', async () => {
    const { store, bmc } = sdrsOf(ids(10).map(id => sdrRaw(id)))
    store.nextOf = index => (index === 9 ? 4 : index + 2)
    await assert.rejects(bmc.sdr.records(), { code: 'SDR_LOOP', message: /record 0x0004 comes twice/ })
    store.nextOf = () => 1
    await assert.rejects(bmc.sdr.records(), { code: 'SDR_LOOP' })
    store.nextOf = () => 0
    await assert.rejects(bmc.sdr.records(), { code: 'SDR_LOOP' })
  })

  it('about the length of a record is found out', async () => {
    const { store, bmc } = sdrsOf(ids(10).map(id => sdrRaw(id)))
    store.records[4]![4] = 60
    await assert.rejects(bmc.sdr.records(), {
      code: 'RECORD_BAD',
      message: /SDR record 0x0005 tells a length of 65 bytes, 25 came/,
    })
  })

  it('about how many there are is not believed', async () => {
    for (const told of [0, 3, 5000]) {
      const { store, bmc } = sdrsOf(ids(50).map(id => sdrRaw(id)))
      store.told = told
      assert.deepEqual(await sdrIds(bmc), ids(50))
    }
  })

  it('and links records without an end is found out', async () => {
    const { fake, store, bmc } = sdrsOf(Array.from({ length: 4000 }, (_, index) => sdrRaw(index + 1)))
    store.told = 10
    await assert.rejects(bmc.sdr.records(), { code: 'SDR_LOOP', message: /no end/ })
    assert.ok(fake.requests < 400, `${fake.requests} requests`)
  })

  it('with a record that is none gives its bytes, and tells of it', async () => {
    const broken = Uint8Array.from([7, 0, 0x51, 0x01, 3, 1, 2, 3])
    const { bmc } = sdrsOf([broken])
    const problems: string[] = []
    await bmc.sdr.records({ onProblem: ({ code, message }) => problems.push(`${code} ${message}`) })
    assert.equal(problems.length, 1)
    assert.match(problems[0]!, /^SDR_BAD fake:\/\/bmc: SDR record 0x0007 of type 01h cannot be read/)
    assert.deepEqual(await bmc.sdr.records(), [
      { kind: 'other', recordId: 7, version: 0x51, type: 1, data: Uint8Array.of(1, 2, 3) },
    ])
  })

  it('with random answers ends with records or one typed error', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1 }),
        fc.boolean(),
        async (answers, refusesWhole) => {
          const { fake, store, bmc } = sdrsOf(ids(20).map(id => sdrRaw(id)))
          if (refusesWhole) store.mostBytes = 10
          let asked = 0
          const request = fake.request.bind(fake)
          fake.request = async (netFn, cmd, data, options) => {
            const right = await request(netFn, cmd, data, options)
            return netFn === 0x0a && ++asked > 8 ? answers[asked % answers.length]! : right
          }
          try {
            await bmc.sdr.records()
          } catch (error) {
            assert.match(
              (error as { code: string }).code,
              /^(RESPONSE_\w+|COMPLETION_CODE|RECORD_\w+|SDR_\w+|NO_SDR)$/,
            )
          }
        },
      ),
    )
  })
})

describe('the SDR cache', () => {
  async function withDir(action: (dir: string) => Promise<void>): Promise<void> {
    const dir = mkdtempSync(join(tmpdir(), 'lastword-sdr-'))
    try {
      await action(dir)
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  }

  const fail = () => assert.fail()

  const cached = (dir: string, store: RecordStore) => {
    const fake = withSdrs(new FakeBmc(), store)
    return { fake, bmc: fake.connect({ sdrCache: new FileSdrCache(join(dir, 'sdr')) }) }
  }

  it('saves all reading but one round trip', () =>
    withDir(async dir => {
      const store = recordStore(ids(200).map(id => sdrRaw(id)))
      // Nothing was ever erased.
      store.lastErased = 0xffffffff
      const first = await cached(dir, store).bmc.sdr.records()
      const { fake, bmc } = cached(dir, store)
      assert.deepEqual(await bmc.sdr.records(), first)
      assert.equal(fake.roundTrips, 1)
    }))

  it('is not used for a repository that was changed, nor for another BMC', () =>
    withDir(async dir => {
      const store = recordStore(ids(20).map(id => sdrRaw(id)))
      await cached(dir, store).bmc.sdr.records()
      store.records.push(sdrRaw(21))
      store.lastAdded++
      assert.deepEqual(await sdrIds(cached(dir, store).bmc), ids(21))
      store.records.shift()
      store.lastErased++
      assert.deepEqual(await sdrIds(cached(dir, store).bmc), ids(20, 2))
    }))

  it('is neither used nor written where the BMC does not tell since when its records are there', () =>
    withDir(async dir => {
      const store = recordStore(ids(20).map(id => sdrRaw(id)))
      for (const unclear of [0, 1000, 0x20000000, 0xffffffff]) {
        store.lastAdded = unclear
        const keys: unknown[] = []
        const load = async (_: string, key: string | null) => void keys.push(key)
        await withSdrs(new FakeBmc(), store)
          .connect({ sdrCache: { load, save: fail } })
          .sdr.raw()
        assert.deepEqual(keys, [null])
        for (const mark of [1, 2]) {
          store.records = ids(20).map(id => sdrRaw(id).fill(mark, 10))
          assert.deepEqual(await cached(dir, store).bmc.sdr.raw(), store.records)
        }
      }
      assert.equal(existsSync(join(dir, 'sdr')), false)
    }))

  it('holds device SDRs only where the BMC tells since when it has them', () =>
    withDir(async dir => {
      for (const [told, roundTrips] of [
        [{}, 4],
        [{ changeIndicator: 3 }, 4],
        [{ changeIndicator: 1_700_000_000 }, 1],
      ] as const) {
        const store = recordStore(ids(4).map(id => sdrRaw(id)))
        const population = { lun0: true, lun1: false, lun2: false, lun3: false, isDynamic: true }
        const read = async () => {
          const fake = withDeviceSdrs(new FakeBmc(), store)
          fake.on(GetDeviceSdrInfo, () => ({ count: 4, population, ...told }))
          const bmc = fake.connect({ sdrCache: new FileSdrCache(join(dir, 'sdr')) })
          assert.deepEqual(await bmc.sdr.raw(), store.records)
          return fake.roundTrips
        }
        await read()
        assert.equal(await read(), roundTrips)
      }
    }))

  it('that is damaged is ignored and written again', () =>
    withDir(async dir => {
      const store = recordStore(ids(20).map(id => sdrRaw(id)))
      await cached(dir, store).bmc.sdr.records()
      const [name] = readdirSync(join(dir, 'sdr'))
      const file = join(dir, 'sdr', name!)
      const good = readFileSync(file)
      await fc.assert(
        fc.asyncProperty(
          fc.nat(good.length - 1),
          fc.constantFrom('flip', 'cut', 'empty'),
          async (at, how) => {
            const bad = Buffer.from(good)
            bad[at]! ^= 1
            writeFileSync(file, how === 'flip' ? bad : how === 'cut' ? good.subarray(0, at) : '')
            assert.deepEqual(await sdrIds(cached(dir, store).bmc), ids(20))
            assert.deepEqual(readFileSync(file), good)
          },
        ),
        { numRuns: 30 },
      )
    }))

  it('that cannot be written is no error', async () => {
    const store = recordStore(ids(3).map(id => sdrRaw(id)))
    assert.deepEqual(await sdrIds(cached('/dev/null/nowhere', store).bmc), ids(3))
  })

  it('never keeps a mixture of two states', async () => {
    const store = recordStore(ids(20).map(id => sdrRaw(id)))
    const fake = withSdrs(new FakeBmc(), store)
    let asked = 0
    fake.onRequest = name => {
      if (name !== 'Get SDR' || ++asked !== 5) return
      store.records = ids(20).map(id => sdrRaw(id, 33))
      store.lastAdded++
    }
    assert.deepEqual(await fake.connect().sdr.raw(), store.records)
    fake.onRequest = name => {
      if (name === 'Get SDR Repository Info') store.lastAdded++
    }
    await assert.rejects(fake.connect().sdr.raw(), { code: 'SDR_CHANGED' })
  })
})
