/** Packets out of capture files: the pcap and pcapng files of tcpdump and Wireshark, and what is wrong with one. */
import { LastwordError } from '../../protocol/error.ts'

export interface CapturedPacket {
  linkType: number
  /** Milliseconds since 1970; undefined where the file does not tell. */
  timeMs?: number
  data: Uint8Array
}

const PCAPNG = 0x0a0d0d0a

/** Throws LastwordError NOT_A_CAPTURE; behind the packets that are whole, CAPTURE_DAMAGED. `name` is for errors. */
export function packetsOf(file: Uint8Array, name: string): Iterable<CapturedPacket> {
  const view = new DataView(file.buffer, file.byteOffset, file.length)
  const magic = file.length >= 4 ? view.getUint32(0) : 0
  if (magic === PCAPNG) return pcapngPackets(view, name)
  const format = formats.get(magic)
  if (format !== undefined) return pcapPackets(view, format, name)
  throw new LastwordError('NOT_A_CAPTURE', `${name} is neither a pcap nor a pcapng file`, {
    hint: 'tcpdump -w FILE udp port 623 makes one.',
  })
}

/** What is at `at` cannot be read, nor can anything behind it. */
function damaged(view: DataView, name: string, what: string, at: number, why: string): LastwordError {
  const message = `${name}: ${what}, at byte ${at} of ${view.byteLength}, ${why}`
  return new LastwordError('CAPTURE_DAMAGED', message, { hint: 'What is before it is decoded.' })
}

function cutOff(view: DataView, at: number, wantedBytes: number): string {
  return `is cut off: ${view.byteLength - at} of its ${wantedBytes} bytes are there`
}

interface PcapFormat {
  littleEndian: boolean
  unitsASecond: number
}

/** By the first four bytes: byte order, and microseconds or nanoseconds. */
const formats = new Map<number, PcapFormat>([
  [0xa1b2c3d4, { littleEndian: false, unitsASecond: 1e6 }],
  [0xd4c3b2a1, { littleEndian: true, unitsASecond: 1e6 }],
  [0xa1b23c4d, { littleEndian: false, unitsASecond: 1e9 }],
  [0x4d3cb2a1, { littleEndian: true, unitsASecond: 1e9 }],
])

const FILE_HEAD_BYTES = 24
const RECORD_HEAD_BYTES = 16
/** No program captures more of a packet; a record that tells more is none. */
const MOST_PACKET_BYTES = 1 << 18

function* pcapPackets(
  view: DataView,
  { littleEndian, unitsASecond }: PcapFormat,
  name: string,
): Generator<CapturedPacket, void, void> {
  if (view.byteLength < FILE_HEAD_BYTES)
    throw damaged(view, name, 'the head of the file', 0, cutOff(view, 0, FILE_HEAD_BYTES))
  const linkType = view.getUint32(20, littleEndian) & 0xffff
  for (let at = FILE_HEAD_BYTES, number = 1; at < view.byteLength; number++) {
    const bad = (why: string) => damaged(view, name, `packet ${number}`, at, why)
    const begin = at + RECORD_HEAD_BYTES
    if (begin > view.byteLength) throw bad(cutOff(view, at, RECORD_HEAD_BYTES))
    const seconds = view.getUint32(at, littleEndian) + view.getUint32(at + 4, littleEndian) / unitsASecond
    const length = view.getUint32(at + 8, littleEndian)
    if (length > MOST_PACKET_BYTES) throw bad(`is damaged: it tells a length of ${length} bytes`)
    if (begin + length > view.byteLength) throw bad(cutOff(view, at, RECORD_HEAD_BYTES + length))
    yield { linkType, timeMs: seconds * 1000, data: bytesOf(view, begin, length) }
    at = begin + length
  }
}

const Block = { Interface: 1, Simple: 3, Enhanced: 6 } as const
const BYTE_ORDER = 0x1a2b3c4d
/** Type and length before it, the length once more behind it. */
const BLOCK_FRAME_BYTES = 12
const LEAST_BYTES: Readonly<Record<number, number>> = {
  [PCAPNG]: 28,
  [Block.Interface]: 20,
  [Block.Simple]: 16,
  [Block.Enhanced]: 32,
}

interface Interface {
  linkType: number
  ticksASecond: number
}

/** A section: its byte order, and the interfaces that it has told of. */
interface Section {
  littleEndian: boolean
  interfaces: Interface[]
}

function* pcapngPackets(view: DataView, name: string): Generator<CapturedPacket, void, void> {
  let section: Section = { littleEndian: true, interfaces: [] }
  for (let at = 0, packets = 0; at < view.byteLength; ) {
    const what = packets === 0 ? 'a block before the first packet' : `the block behind packet ${packets}`
    const bad = (why: string) => damaged(view, name, what, at, why)
    if (at + BLOCK_FRAME_BYTES > view.byteLength) throw bad(cutOff(view, at, BLOCK_FRAME_BYTES))
    if (view.getUint32(at) === PCAPNG) section = sectionAt(view, at, bad)
    const length = blockLength(view, at, section, bad)
    const packet = packetIn(view, at, length, section, bad)
    if (packet !== undefined) {
      yield packet
      packets++
    }
    at += length
  }
}

type Bad = (why: string) => LastwordError

function sectionAt(view: DataView, at: number, bad: Bad): Section {
  const littleEndian = view.getUint32(at + 8, true) === BYTE_ORDER
  if (!littleEndian && view.getUint32(at + 8) !== BYTE_ORDER)
    throw bad('is damaged: it tells no order of bytes')
  return { littleEndian, interfaces: [] }
}

function blockLength(view: DataView, at: number, { littleEndian }: Section, bad: Bad): number {
  const length = view.getUint32(at + 4, littleEndian)
  const least = LEAST_BYTES[view.getUint32(at, littleEndian)] ?? BLOCK_FRAME_BYTES
  if (length < least) throw bad(`is damaged: it tells a length of ${length} bytes`)
  if (at + length > view.byteLength) throw bad(cutOff(view, at, length))
  const again = view.getUint32(at + length - 4, littleEndian)
  if (again !== length)
    throw bad(`is damaged: its length is ${length} at its beginning and ${again} at its end`)
  return length
}

/** Undefined where the block is none that holds a packet. */
function packetIn(
  view: DataView,
  at: number,
  length: number,
  { littleEndian, interfaces }: Section,
  bad: Bad,
): CapturedPacket | undefined {
  const known = (index: number): Interface => {
    const found = interfaces[index]
    if (found === undefined) throw bad(`is damaged: there is no interface ${index}`)
    return found
  }
  switch (view.getUint32(at, littleEndian)) {
    case Block.Interface:
      interfaces.push({
        linkType: view.getUint16(at + 8, littleEndian),
        ticksASecond: ticksOf(view, at + 16, at + length - 4, littleEndian),
      })
      return undefined
    case Block.Enhanced: {
      const { linkType, ticksASecond } = known(view.getUint32(at + 8, littleEndian))
      const ticks = view.getUint32(at + 12, littleEndian) * 2 ** 32 + view.getUint32(at + 16, littleEndian)
      const size = view.getUint32(at + 20, littleEndian)
      if (size > length - 32) throw bad(`is damaged: it tells a packet of ${size} bytes`)
      return { linkType, timeMs: (ticks / ticksASecond) * 1000, data: bytesOf(view, at + 28, size) }
    }
    case Block.Simple:
      return { linkType: known(0).linkType, data: bytesOf(view, at + 12, length - 16) }
    default:
      return undefined
  }
}

const TIME_RESOLUTION = 9

/** The option that tells the resolution of time stamps; microseconds without it. */
function ticksOf(view: DataView, from: number, to: number, littleEndian: boolean): number {
  for (let at = from; at + 4 <= to; ) {
    const code = view.getUint16(at, littleEndian)
    const length = view.getUint16(at + 2, littleEndian)
    if (code === 0) break
    if (code === TIME_RESOLUTION && at + 5 <= to) {
      const value = view.getUint8(at + 4)
      return value & 0x80 ? 2 ** (value & 0x7f) : 10 ** value
    }
    at += 4 + Math.ceil(length / 4) * 4
  }
  return 1e6
}

function bytesOf(view: DataView, offset: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, length)
}
