import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  lastWordsSentence,
  MAX_TEXT_RECORDS,
  readLastWords,
  textRecords,
  writePanicEvent,
  writePanicText,
} from './last-words.ts'
import { decodeSelRecord, encodeSelRecord, type SelRecord } from './sel-record.ts'

const NOW = 1_795_000_000

/** The records that a BMC would hold after a panic with this text. */
function panicRecords(text: string, firstId = 1): SelRecord[] {
  const raw = new TextEncoder().encode(text)
  const event = new Uint8Array(8)
  writePanicEvent(event, 0, raw, raw.length)
  const records: SelRecord[] = [
    {
      kind: 'system',
      recordId: firstId,
      recordType: 2,
      timestamp: NOW,
      generatorId: event[0]!,
      generator: { lun: 0, channel: 0 },
      evmRev: event[1]!,
      sensorType: event[2]!,
      sensorNumber: event[3]!,
      event: { type: event[4]! & 0x7f, deassertion: false },
      data: event.slice(5),
    },
  ]
  for (let piece = 0; piece < textRecords(raw.length); piece++) {
    const record = new Uint8Array(16)
    writePanicText(record, 0, 0x20, piece, raw, raw.length)
    record[0] = firstId + 1 + piece
    records.push(decodeSelRecord(record))
  }
  return records
}

const otherRecord = decodeSelRecord(Uint8Array.of(9, 0, 0xe0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13))

describe('last words in the SEL', () => {
  it('are read back as they were said', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]{1,200}$/), said => {
        const [words] = readLastWords(panicRecords(said))
        assert.equal(words?.text, said.trimEnd())
        assert.equal(words?.wholeness, said.length % 11 === 0 ? 'unknown' : 'whole')
        assert.equal(words?.timestamp, NOW)
      }),
    )
  })

  it('take as many records as Linux takes for the same text', () => {
    const records = panicRecords('sysrq triggered crash')
    const pieces = records.slice(1).map(record => Buffer.from(record.data.subarray(2)).toString('latin1'))
    assert.deepEqual(pieces, ['sysrq trigg', 'ered crash\0'])
  })

  it('number no more records than one byte can', () => {
    assert.equal(textRecords(100_000), MAX_TEXT_RECORDS)
  })

  it('are found between other records, and two crashes are two stories', () => {
    const first = panicRecords('first one died of hunger')
    const second = panicRecords('the second of thirst', 40)
    const mixed = [otherRecord, ...first.flatMap(record => [record, otherRecord]), ...second]
    const stories = readLastWords(mixed)
    assert.deepEqual(
      stories.map(story => story.text),
      ['first one died of hunger', 'the second of thirst'],
    )
  })

  it('are marked when a piece is missing', () => {
    const records = panicRecords('a text that takes four of the records')
    records.splice(2, 1)
    const [words] = readLastWords(records)
    assert.equal(words?.wholeness, 'partMissing')
    assert.match(lastWordsSentence(words!), /a part is missing/)
  })

  it('are at least three characters when only the event got out', () => {
    const [words] = readLastWords(panicRecords('Fatal exception').slice(0, 1))
    assert.equal(words?.text, 'Fat')
    assert.match(lastWordsSentence(words!), /"Fat" \(there may have been more\)/)
  })

  it('are not called whole when records are missing at their end', () => {
    const records = panicRecords('a text that takes four of the records')
    for (let count = 1; count < records.length; count++) {
      assert.equal(readLastWords(records.slice(0, count))[0]?.wholeness, 'unknown', `${count} records`)
    }
    assert.equal(readLastWords(records)[0]?.wholeness, 'whole')
  })

  it("tell a time that counts from the BMC's start, and one that is none, as what they are", () => {
    const sentenceAt = (timestamp: number) => {
      const records = panicRecords('Oops')
      const event = records[0]!
      assert.ok(event.kind === 'system')
      return lastWordsSentence(readLastWords([{ ...event, timestamp }, ...records.slice(1)])[0]!)
    }
    assert.match(sentenceAt(123), /^123 s after its BMC's start: the host stopped/)
    assert.match(sentenceAt(0x20000000), /^536870912 s after its BMC's start: /)
    assert.match(sentenceAt(0x20000001), /^1987-01-05 18:48:33 UTC: /)
    assert.match(sentenceAt(0xffffffff), /^At an unknown time: /)
  })

  it('become a sentence with the time', () => {
    const [words] = readLastWords(panicRecords('Fatal exception'))
    assert.equal(
      lastWordsSentence(words!),
      '2026-11-18 05:46:40 UTC: the host stopped in a panic; its last words: "Fatal exception"'.replace(
        '2026-11-18 05:46:40',
        new Date(NOW * 1000).toISOString().slice(0, 19).replace('T', ' '),
      ),
    )
  })
})

describe('a SEL record', () => {
  it('keeps its 16 bytes whatever its kind', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), raw => {
        // Two bits of a system event's generator are reserved.
        if (raw[2] === 2) raw[8]! &= 0xf3
        assert.deepEqual(encodeSelRecord(decodeSelRecord(raw)), raw)
      }),
    )
  })

  it('is of one of three kinds by its type', () => {
    const kind = (type: number) => decodeSelRecord(new Uint8Array(16).fill(type, 2, 3)).kind
    assert.deepEqual([0x02, 0xc0, 0xdf, 0xe0, 0xf0, 0xff].map(kind), [
      'system',
      'oemTimestamped',
      'oemTimestamped',
      'oem',
      'oem',
      'oem',
    ])
  })
})
