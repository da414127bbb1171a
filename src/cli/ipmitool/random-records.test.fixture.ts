/** Random SDRs, readings, thresholds and SEL records, hundreds at a time, for the comparison with ipmitool. */
import fc from 'fast-check'
import { decodeSdr, type SensorRecord } from '../../protocol/sdr/record.ts'
import { decodeSelRecord, type SelRecord, type SystemEventRecord } from '../../protocol/sel-record.ts'
import type { OtherListed } from '../listed-records.ts'

export const byte = fc.integer({ min: 0, max: 255 })
const u32 = fc.integer({ min: 0, max: 0xffffffff })
export const bytes = (count: number) => fc.uint8Array({ minLength: count, maxLength: count })
export const oneOf = <T>(...values: readonly T[]) => fc.constantFrom(...values)

/** Sections 37.1 and 32: since the BMC's start, at the border, as calendar times, unspecified. */
const timestamp = fc.oneof(u32, oneOf(0, 1, 0x1fffffff, 0x20000000, 0x20000001, 0xfffffffe, 0xffffffff))

const sensorNumbers = fc.integer({ min: 0, max: 20 })
const eventTypes = fc.oneof({ weight: 4, arbitrary: oneOf(0x01, 0x6f) }, fc.integer({ min: 0, max: 0x7f }))
const sensorTypes = fc.oneof({ weight: 4, arbitrary: oneOf(1, 2, 4, 7, 8, 0x0c, 0x0f, 0x2b) }, byte)

const systemEvent = fc
  .tuple(
    timestamp,
    oneOf(0x20, 0x20, 0x20, 0x24, 0x41),
    byte,
    sensorTypes,
    sensorNumbers,
    eventTypes,
    byte,
    bytes(3),
  )
  .map(
    ([time, generatorId, evmRev, sensorType, sensorNumber, type, bits, data]): SystemEventRecord => ({
      kind: 'system',
      recordId: 0,
      recordType: 2,
      timestamp: time,
      generatorId,
      generator: { lun: bits & 3, channel: 0 },
      evmRev,
      sensorType,
      sensorNumber,
      event: { type, deassertion: bits > 127 },
      data,
    }),
  )

const anyRecord = bytes(16).map(decodeSelRecord)
const panicPiece = fc.tuple(bytes(2), fc.string({ maxLength: 11 })).map(
  ([head, text]): SelRecord => ({
    kind: 'oem',
    recordId: 0,
    recordType: 0xf0,
    data: Uint8Array.from([...head, ...Buffer.alloc(11, Buffer.from(`${text}\0`, 'latin1'))]),
  }),
)

export const selRecords = fc
  .array(fc.oneof({ weight: 8, arbitrary: systemEvent }, anyRecord, panicPiece), {
    minLength: 500,
    maxLength: 500,
  })
  .map(records => records.map((record, i) => ({ ...record, recordId: i * 7 + 1 })))

/** Events of the sensor types whose data bytes makers use, mostly with codes that say so. */
const makerEvent = fc
  .record({
    sensorNumber: fc.oneof(oneOf(0x0a, 0x29), byte),
    sensorType: fc.oneof(oneOf(0x07, 0x0c, 0x0f, 0x10, 0x13, 0xc1, 0xc2, 0xc3), byte),
    eventType: oneOf(0x6f, 0x6f, 0x6f, 0x01),
    codes: fc.oneof(oneOf(0xa0, 0x80, 0x20), byte),
    data: bytes(3),
    event: systemEvent,
  })
  .map(
    ({
      sensorNumber,
      sensorType,
      eventType,
      codes,
      data: [offset = 0, second = 0, third = 0],
      event,
    }): SelRecord => {
      const data = Uint8Array.of((codes & 0xf0) | (offset & 0x0f), second, third)
      return { ...event, sensorNumber, sensorType, event: { ...event.event, type: eventType }, data }
    },
  )

export const makerEvents = fc
  .array(makerEvent, { minLength: 500, maxLength: 500 })
  .map(records => records.map((record, i) => ({ ...record, recordId: i + 1 })))

export const noSupport = {
  sensorDevice: false,
  sdrRepository: true,
  sel: true,
  fruInventory: false,
  ipmbEventReceiver: false,
  ipmbEventGenerator: false,
  bridge: false,
  chassis: false,
}

export const deviceId = {
  deviceId: 0x20,
  device: { revision: 1, providesSdrs: false },
  firmware: { major: 1, updateInProgress: false },
  firmwareMinor: 0,
  ipmiVersion: '2.0',
  supports: noSupport,
  manufacturerId: 0,
  productId: 1,
}

const names = fc.string({
  maxLength: 31,
  unit: fc.integer({ min: 0x20, max: 0xff }).map(c => String.fromCharCode(c)),
})

const SENSORS = 200
const perSensor = { minLength: SENSORS, maxLength: SENSORS }

const sensor = fc.record({
  type: oneOf(1, 1, 1, 2),
  body: bytes(43),
  eventType: eventTypes,
  sensorType: sensorTypes,
  name: names,
  linearization: oneOf(0, 0, 0, 1, 2, 3, 8, 10, 11, 0x70),
})

/** The bytes of full and compact records are random, but for what would make most of them senseless. */
export const sensors = fc.array(sensor, perSensor).map(list =>
  list.map(({ type, body, eventType, sensorType, name, linearization }, sensorNumber) => {
    const length = type === 1 ? 43 : 27
    const head = [sensorNumber + 1, 0, 0x51, type, length + name.length]
    const raw = Uint8Array.from([...head, ...body.subarray(0, length), ...Buffer.from(name, 'latin1')])
    raw.set([0x20, 0, sensorNumber], 5)
    raw.set([sensorType, eventType], 12)
    // Of a compact record another byte, which sel elist takes for that.
    raw[23] = linearization
    raw[4 + length] = 0xc0 | name.length
    return decodeSdr(raw) as SensorRecord
  }),
)

/** Bytes between the header and the ID string of event-only records, and of the three kinds of locators. */
const otherKinds: readonly (readonly [type: number, length: number])[] = [
  [0x03, 11],
  [0x10, 10],
  [0x11, 10],
  [0x12, 10],
]

/** Records without a reading, of random bytes. */
export const otherRecords = fc
  .array(fc.record({ kind: oneOf(...otherKinds), body: bytes(11), name: names }), {
    minLength: 60,
    maxLength: 60,
  })
  .map(list =>
    list.map(({ kind: [type, length], body, name }, index) => {
      const head = [index + 1, 0, 0x51, type, length + 1 + name.length]
      const rest = [...body.subarray(0, length), 0xc0 | name.length, ...Buffer.from(name, 'latin1')]
      return decodeSdr(Uint8Array.from([...head, ...rest])) as OtherListed
    }),
  )

/** A response with this many bytes behind its completion code. */
const answered = (count: number) => bytes(count).map(data => Uint8Array.from([0, ...data]))
const refused = byte.map(code => Uint8Array.of(code || 0xcb))

/** Scanned and not, unavailable, without state bytes, too short. */
const reading = fc.tuple(oneOf(0xc0, 0xc0, 0xc0, 0x40, 0xe0, 0x20, 0), answered(4)).map(([status, raw]) => {
  raw[2] = status
  return raw
})
const shortReading = oneOf(1, 2, 3).chain(answered)
export const readings = fc.array(
  fc.oneof({ weight: 5, arbitrary: reading }, shortReading, refused),
  perSensor,
)

export const thresholds = fc.array(fc.oneof({ weight: 4, arbitrary: answered(7) }, refused), perSensor)

export const factors = fc.array(answered(7), perSensor)
