import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import fc from 'fast-check'
import { type Damage, Journal } from './stores/journal.ts'
import { KeptState } from './stores/kept-state.ts'
import { SelStore } from './stores/sel-store.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lastword-journal-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

function record(fill: number): Uint8Array {
  const raw = new Uint8Array(16).fill(fill)
  raw[2] = 0xe0
  return raw
}

function openSel(damages: Damage[] = [], capacity = 2048) {
  const kept = new KeptState({
    file: join(dir, 'sel.journal'),
    durability: 'kernel',
    onDamage: damage => damages.push(damage),
  })
  const sel = new SelStore({ now: () => 1_700_000_000, capacity }, kept)
  kept.open()
  return Object.assign(sel, { flush: () => kept.flush(), close: () => kept.close() })
}

function fillsOf(sel: SelStore): number[] {
  return sel.records.map(raw => raw[5]!)
}

describe('a SEL on disk', () => {
  it('is the same after it was closed and opened, whatever was done to it', () => {
    const step = fc.record({ what: fc.constantFrom('add', 'delete', 'clear', 'time'), fill: fc.nat(255) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        rmSync(join(dir, 'sel.journal'), { force: true })
        const sel = openSel()
        for (const { what, fill } of steps) {
          if (what === 'add') sel.add(record(fill))
          else if (what === 'delete') sel.delete(0xffff)
          else if (what === 'clear') sel.clear()
          else sel.time = 1_600_000_000 + fill
        }
        sel.flush()
        sel.close()
        const again = openSel()
        assert.deepEqual(again.records, sel.records)
        assert.equal(again.time, sel.time)
        assert.equal(again.lastErased, sel.lastErased)
        again.close()
      }),
      { numRuns: 50 },
    )
  })

  it('keeps what can be read of a truncated file, sets the rest aside and says so', () => {
    const sel = openSel()
    for (let fill = 0; fill < 5; fill++) sel.add(record(fill))
    sel.flush()
    sel.close()
    const file = join(dir, 'sel.journal')
    const whole = readFileSync(file)
    for (let cut = 1; cut < 29; cut++) {
      writeFileSync(file, whole)
      truncateSync(file, whole.length - cut)
      const damages: Damage[] = []
      const again = openSel(damages)
      assert.deepEqual(fillsOf(again), [0, 1, 2, 3])
      assert.equal(damages.length, 1)
      assert.deepEqual(readFileSync(damages[0]!.setAsideAs), whole.subarray(0, whole.length - cut))
      again.add(record(9))
      again.flush()
      again.close()
      const third = openSel(damages)
      assert.equal(damages.length, 1, 'the damage is mended')
      assert.deepEqual(fillsOf(third), [0, 1, 2, 3, 9])
      third.close()
    }
  })

  it('reads on behind a damage in the middle', () => {
    const sel = openSel()
    for (let fill = 0; fill < 5; fill++) sel.add(record(fill))
    sel.flush()
    sel.close()
    const file = join(dir, 'sel.journal')
    const whole = readFileSync(file)
    for (let at = 58; at < 87; at++) {
      const bytes = Buffer.from(whole)
      bytes[at]! ^= 0x41
      writeFileSync(file, bytes)
      const damages: Damage[] = []
      const again = openSel(damages)
      assert.deepEqual(fillsOf(again), [0, 1, 3, 4], `byte ${at}`)
      assert.equal(damages.length, 1)
      again.close()
    }
  })

  it('opens any file at all without failing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), bytes => {
        for (const file of readdirSync(dir)) rmSync(join(dir, file))
        writeFileSync(join(dir, 'sel.journal'), bytes)
        const damages: Damage[] = []
        const sel = openSel(damages)
        assert.equal(damages.length, bytes.length > 0 ? 1 : 0)
        sel.close()
      }),
      { numRuns: 100 },
    )
  })

  it('does not grow for ever', () => {
    const sel = openSel()
    for (let round = 0; round < 5000; round++) {
      sel.add(record(round & 0xff))
      sel.delete(0xffff)
      sel.flush()
    }
    sel.add(record(1))
    sel.flush()
    sel.close()
    assert.ok(readFileSync(join(dir, 'sel.journal')).length < 300_000)
    const again = openSel()
    assert.equal(again.length, 1)
    again.close()
  })

  it('numbers no two records alike, and counts on after the highest', () => {
    const sel = openSel()
    const ids = new Set<number>()
    for (let fill = 0; fill < 100; fill++) ids.add(sel.add(record(fill)))
    assert.equal(ids.size, 100)
    sel.delete(50)
    assert.equal(sel.add(record(1)), 101)
    assert.equal(sel.indexOf(50), -1)
    assert.equal(sel.indexOf(51), 49)
    sel.close()
  })

  it('tells when it is full until it is cleared, also after it was opened anew and made shorter', () => {
    const damages: Damage[] = []
    const open = () => openSel(damages, 2)
    const sel = open()
    sel.add(record(1))
    sel.add(record(2))
    assert.equal(sel.overflow, false)
    assert.equal(sel.add(record(3)), -1)
    const bytes = () => readFileSync(join(dir, 'sel.journal')).length
    sel.flush()
    const [before] = [bytes(), sel.add(record(3)), sel.flush()]
    assert.equal(bytes(), before, 'once')
    sel.close()
    const again = open()
    assert.deepEqual([again.overflow, again.length], [true, 2])
    // Refused and added over and over, until the journal is made shorter.
    for (let round = 0, size = 0; bytes() >= size; round++) {
      assert.ok(round < 10_000, 'the journal is never made shorter')
      size = bytes()
      again.delete(0xffff)
      again.add(record(4))
      again.flush()
    }
    again.close()
    const shorter = open()
    assert.equal(shorter.overflow, true)
    shorter.clear()
    shorter.flush()
    shorter.close()
    const cleared = open()
    assert.deepEqual([cleared.overflow, damages], [false, []])
    cleared.close()
  })
})

describe('a journal', () => {
  it('is searched for entries behind a megabyte of rubbish without reading it over and over', () => {
    const file = join(dir, 'j')
    for (const rubbish of [[0xe5], [0xe5, 0xff, 0x03]]) {
      const journal = new Journal(file, () => true, { durability: 'kernel' })
      journal.append(Uint8Array.of(1))
      journal.flush()
      journal.close()
      const megabyte = Buffer.alloc(1 << 20, Uint8Array.from(rubbish))
      writeFileSync(file, Buffer.concat([megabyte, readFileSync(file)]))
      const seen: number[] = []

      new Journal(file, payload => seen.push(payload[0]!) > 0, { durability: 'kernel' }).close()
      assert.deepEqual(seen, [1])
      rmSync(file)
    }
  })

  it('sets aside an entry that checks and yet means nothing', () => {
    const sel = openSel()
    sel.add(record(1))
    sel.flush()
    sel.close()
    const journal = new Journal(join(dir, 'sel.journal'), () => true, { durability: 'kernel' })
    for (const entry of [
      [],
      [1],
      [1, 1, 0],
      [1, 2, 0, 0, 0, 0, 1],
      [1, 5, 0],
      [1, 9, 0, 0, 0, 0],
      [1, 6, 0],
      [77, 1],
    ])
      journal.append(Uint8Array.from(entry))
    journal.flush()
    journal.close()
    const damages: Damage[] = []
    const again = openSel(damages)
    assert.deepEqual(fillsOf(again), [1])
    assert.equal(damages.length, 1)
    assert.equal(damages[0]!.entriesKept, 1)
    again.close()
    openSel(damages).close()
    assert.equal(damages.length, 1, 'the damage is mended')
  })

  it('keeps its entries while it is rewritten', () => {
    const file = join(dir, 'j')
    const journal = new Journal(file, () => true, { durability: 'disk' })
    for (let i = 0; i < 10; i++) journal.append(Uint8Array.of(i))
    journal.flush()
    journal.rewrite([Uint8Array.of(7), Uint8Array.of(8)])
    journal.append(Uint8Array.of(9))
    journal.flush()
    journal.close()
    const seen: number[] = []
    new Journal(file, payload => seen.push(payload[0]!) > 0).close()
    assert.deepEqual(seen, [7, 8, 9])
  })
})
