import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CodecError } from '../bytes.ts'
import { boardDate, boardMinutes, zeroSum } from './areas.ts'
import { type FruField, fruText } from './field.ts'
import { decodeFru, encodeFru, type FruInventory } from './inventory.ts'

const made = new Date('2024-03-01T12:34:00Z')

const server: FruInventory = {
  internalUse: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  chassis: { type: 0x17, partNumber: fruText('CH-1'), serialNumber: fruText('C0001'), custom: [] },
  board: {
    language: 25,
    madeMinutes: boardMinutes(made),
    manufacturer: fruText('Example'),
    productName: fruText('Board ÄÖ'),
    serialNumber: { encoding: 'bcdPlus', text: '0123-456' },
    partNumber: { encoding: 'sixBit', text: 'PART 1' },
    fruFileId: fruText(''),
    custom: [fruText('first'), { encoding: 'binary', text: '00ff10' }],
  },
  product: {
    language: 0,
    manufacturer: fruText('Example'),
    name: fruText('Server 1'),
    partNumber: fruText('P7'),
    version: fruText('1.0'),
    serialNumber: fruText('S0001'),
    assetTag: fruText('rack 4'),
    fruFileId: fruText(''),
    custom: [],
  },
  multiRecords: [
    { type: 0, version: 2, data: Uint8Array.of(1, 2, 3) },
    { type: 0xc0, version: 2, data: new Uint8Array(0) },
  ],
}

const characters: Record<FruField['encoding'], string> = {
  latin1: 'aZ09 äß',
  sixBit: 'AZ09 _',
  bcdPlus: '0123456789-.',
  binary: '0123456789abcdef',
}

const field: fc.Arbitrary<FruField> = fc
  .constantFrom('latin1' as const, 'sixBit' as const, 'bcdPlus' as const, 'binary' as const)
  .chain(encoding =>
    fc
      .array(fc.constantFrom(...characters[encoding]), { maxLength: 15 })
      // A multiple of four characters fills the last byte in each encoding.
      .map(letters => ({ encoding, text: letters.join('').repeat(4) })),
  )
const custom = fc.array(field, { maxLength: 3 })
const byte = fc.nat(255)

const anyInventory = fc.record(
  {
    chassis: fc.record({ type: byte, partNumber: field, serialNumber: field, custom }),
    board: fc.record({
      language: fc.constantFrom(0, 25, 7),
      madeMinutes: fc.nat(0xffffff),
      manufacturer: field,
      productName: field,
      serialNumber: field,
      partNumber: field,
      fruFileId: field,
      custom,
    }),
    product: fc.record({
      language: fc.constantFrom(0, 25, 7),
      manufacturer: field,
      name: field,
      partNumber: field,
      version: field,
      serialNumber: field,
      assetTag: field,
      fruFileId: field,
      custom,
    }),
    multiRecords: fc.array(
      fc.record({ type: byte, version: fc.nat(15), data: fc.uint8Array({ maxLength: 30 }) }),
      { maxLength: 4 },
    ),
  },
  { requiredKeys: ['multiRecords'] },
) as fc.Arbitrary<FruInventory>

describe('a FRU inventory', () => {
  it('is read back as it was written', () => {
    assert.deepEqual(decodeFru(encodeFru(server)), { inventory: server, problems: [] })
    let compared = 0
    fc.assert(
      fc.property(anyInventory, inventory => {
        let raw: Uint8Array
        try {
          raw = encodeFru(inventory)
        } catch (error) {
          // UTF-16 of a foreign language may be too long for its field.
          assert.ok(error instanceof CodecError, String(error))
          return
        }
        compared++
        // A clone: what the generator makes has no prototype.
        assert.deepEqual(decodeFru(raw), { inventory: structuredClone(inventory), problems: [] })
      }),
    )
    assert.ok(compared > 10)
  })

  it('has the layout of the definition', () => {
    const raw = encodeFru(server, 512)
    assert.equal(raw.length, 512)
    assert.deepEqual([...raw.subarray(0, 4)], [1, 1, 2, 4])
    assert.equal(zeroSum(raw.subarray(0, 8)), 0)
    const chassis = raw.subarray(16, 32)
    assert.equal(Buffer.from(chassis).toString('latin1', 0, 14), '\x01\x02\x17\xc4CH-1\xc5C0001')
    assert.equal(chassis[14], 0xc1)
    assert.equal(zeroSum(chassis), 0)
  })

  it('knows when its board was made', () => {
    assert.deepEqual(boardDate(decodeFru(encodeFru(server)).inventory.board!), made)
    assert.equal(boardDate({ ...server.board!, madeMinutes: 0 }), undefined)
  })

  it('tells a wrong checksum, and is read all the same', () => {
    const raw = encodeFru(server)
    raw[20] = 'X'.charCodeAt(0)
    const { inventory, problems } = decodeFru(raw)
    assert.equal(inventory.chassis?.partNumber.text, 'XH-1')
    assert.deepEqual(problems, ["the chassis area's checksum is wrong"])
  })

  it('with a part that lies elsewhere keeps its other parts', () => {
    const raw = encodeFru(server)
    raw[4] = 0xf0
    raw[7] = 0
    raw[7] = -zeroSum(raw.subarray(0, 8)) & 0xff
    const { inventory, problems } = decodeFru(raw)
    assert.equal(inventory.product, undefined)
    assert.equal(inventory.board?.manufacturer.text, 'Example')
    assert.equal(problems.length, 1)
  })

  it('is refused without a common header', () => {
    assert.throws(() => decodeFru(new Uint8Array(0)), { code: 'TOO_SHORT' })
    assert.throws(() => decodeFru(new Uint8Array(64).fill(0xff)), { code: 'BAD_VALUE' })
    const raw = encodeFru(server)
    raw[7]! ^= 1
    assert.throws(() => decodeFru(raw), { code: 'BAD_VALUE', message: /checksum/ })
  })

  it('never makes the reader fall over, whatever stands in it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(byte, { minLength: 5, maxLength: 5 }),
        (raw, offsets) => {
          const header = Uint8Array.from([1, ...offsets.map(offset => offset % 20), 0, 0])
          header[7] = -zeroSum(header) & 0xff
          decodeFru(Uint8Array.from([...header, ...raw]))
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('says what does not fit', () => {
    assert.throws(() => encodeFru(server, 64), { code: 'TOO_LONG' })
    const board = { ...server.board!, manufacturer: fruText('x'.repeat(64)) }
    assert.throws(() => encodeFru({ board, multiRecords: [] }), { code: 'BAD_VALUE', message: /64 bytes/ })
  })
})
