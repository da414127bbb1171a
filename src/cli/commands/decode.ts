/** `lastword decode`: what messages say, from bytes or from captured packets. */
import { decodeRmcp } from '../../lan/rmcp.ts'
import { LastwordError } from '../../protocol/error.ts'
import { decodeIpmb } from '../../protocol/ipmb.ts'
import { lunOf, netFnOf } from '../../protocol/message.ts'
import { kgBytes } from '../connection/target.ts'
import { type Context, subcommand } from '../declare.ts'
import { type DatagramExplanation, explainDatagram, explainFrame } from '../decode/datagram.ts'
import { type Explanation, explainMessage, explanationLines } from '../decode/explain.ts'
import { type CapturedDatagram, readCapture } from '../decode/pcap.ts'
import { SessionKeys } from '../decode/session-keys.ts'
import { hexBytes } from '../hex.ts'
import { readNamedFile } from '../named-file.ts'
import { choice, file, flag, many, optional, text, UsageError } from '../params.ts'

interface Decoded {
  number?: number
  time?: string
  from?: string
  to?: string
  packet?: string
  message: Explanation
}

const forms = ['auto', 'raw', 'kcs', 'ipmb', 'rmcp'] as const
type Form = (typeof forms)[number]

export const decode = subcommand({
  name: 'decode',
  summary: 'explains messages in words: bytes, or a file that tcpdump or Wireshark captured',
  args: { bytes: many(text('BYTES', 'hexadecimal, with or without 0x, blanks or colons')) },
  options: {
    as: optional(
      choice(
        forms,
        'raw: netFn cmd data; kcs: netFn/LUN byte first; ipmb: a frame; rmcp: a UDP payload (auto)',
      ),
    ),
    pcap: optional(file('FILE', 'a pcap or pcapng file')),
    brief: flag('one line a message'),
  },
  details: [
    'With the password of the session in IPMITOOL_PASSWORD (and Kg in IPMI_KGKEY) encrypted packets of a capture',
    'are read too, if its log-in was captured; with a wrong one they are said to be so. Of a damaged capture what comes',
    'before the damage is decoded, and the status is 1. A response is told from a request by its odd netFn.',
  ].join('\n'),
  async run(context, { bytes, as, pcap, brief }) {
    if ((pcap === undefined) === (bytes.length === 0)) {
      throw new UsageError(
        'decode wants either bytes or --pcap FILE',
        'lastword decode 06 01; lastword decode --help',
      )
    }
    const all =
      pcap === undefined ? [decodeBytes(hexWords(bytes), as ?? 'auto')] : decodeCapture(pcap, context)
    return all.map(decoded => (brief ? { ...decoded, message: { ...decoded.message, fields: {} } } : decoded))
  },
  view: as =>
    as.lines(all => (all.length === 0 ? 'There is no IPMI message in it.' : all.map(linesOf).join(''))),
})

function linesOf(decoded: Decoded): string {
  const { number, time, from, to, packet, message } = decoded
  const head = [
    number === undefined ? '' : `#${number}`,
    time ?? '',
    from === undefined ? '' : `${from} → ${to}`,
  ]
  const above = [head.filter(part => part !== '').join('  '), packet ?? ''].filter(line => line !== '')
  const indent = above.length === 0 ? '' : '  '
  return [...above, ...explanationLines(message, indent)].map(line => `${line}\n`).join('')
}

/** `0x20 18`, `20:18`, `2018` */
function hexWords(words: readonly string[]): Uint8Array {
  const digits = words
    .flatMap(word => word.split(/[\s:,]+/))
    .filter(word => word !== '')
    .map(word => {
      const bare = word.replace(/^0x/i, '')
      if (!/^[0-9a-f]+$/i.test(bare)) throw new UsageError(`"${word}" is not hexadecimal`)
      return bare.length === 1 ? `0${bare}` : bare
    })
    .join('')
  if (digits.length % 2 === 1) throw new UsageError('the number of hexadecimal digits is odd')
  return Uint8Array.from(Buffer.from(digits, 'hex'))
}

const RMCP_VERSION = 0x06

function decodeBytes(bytes: Uint8Array, form: Form): Decoded {
  switch (form === 'auto' ? guessForm(bytes) : form) {
    case 'rmcp': {
      const explained = explainDatagram(bytes)
      if (explained === null) throw new UsageError('this is no RMCP message')
      return explained
    }
    case 'ipmb':
      return { packet: 'IPMB', message: explainFrame(bytes) }
    case 'kcs': {
      if (bytes.length < 2) throw new UsageError('a message has two bytes at least: netFn/LUN and command')
      const lun = lunOf(bytes[0]!)
      const message = explainMessage(netFnOf(bytes[0]!), bytes[1]!, bytes.subarray(2))
      return lun === 0 ? { message } : { packet: `LUN ${lun}`, message }
    }
    default:
      if (bytes.length < 2) throw new UsageError('a message has two bytes at least: netFn and command')
      return { message: explainMessage(bytes[0]!, bytes[1]!, bytes.subarray(2)) }
  }
}

function guessForm(bytes: Uint8Array): Exclude<Form, 'auto'> {
  const isRmcp =
    bytes[0] === RMCP_VERSION && bytes[1] === 0 && bytes.length > 8 && explainDatagram(bytes) !== null
  if (isRmcp) return 'rmcp'
  return decodeIpmb(bytes) === undefined ? 'raw' : 'ipmb'
}

/** The messages that are whole; what is not is told behind them, and in place of a message that was captured in part. */
function decodeCapture(path: string, { problem }: Context): Decoded[] {
  const { IPMITOOL_PASSWORD, IPMI_PASSWORD, IPMI_KGKEY: kg } = process.env
  const password = IPMITOOL_PASSWORD ?? IPMI_PASSWORD
  const keys = new SessionKeys({
    password: password === undefined ? undefined : Buffer.from(password),
    kg: kg === undefined ? undefined : kgBytes(kg),
  })
  const all: Decoded[] = []
  const partial: number[] = []
  try {
    for (const datagram of readCapture(readNamedFile(path), path)) {
      if (datagram.missingBytes > 0 && isRmcp(datagram)) partial.push(datagram.number)
      keys.watch(datagram)
      const explained = explainCaptured(datagram, keys)
      if (explained !== null) all.push({ ...headOf(datagram), ...explained })
    }
  } catch (error) {
    if (!(error instanceof LastwordError) || error.code !== 'CAPTURE_DAMAGED') throw error
    problem(error)
  }
  if (partial.length > 0) problem(capturedInPart(path, partial))
  return all
}

function isRmcp({ data }: CapturedDatagram): boolean {
  return decodeRmcp(data) !== null
}

function explainCaptured(datagram: CapturedDatagram, keys: SessionKeys): DatagramExplanation | null {
  const { data, missingBytes } = datagram
  if (missingBytes === 0) return explainDatagram(data, keys.opener(datagram))
  if (!isRmcp(datagram)) return null
  const remark = `captured in part: ${missingBytes} of its bytes are missing`
  return { packet: 'RMCP', message: { title: 'a message', remark, fields: { data: hexBytes(data) } } }
}

function capturedInPart(path: string, [first, ...more]: readonly number[]): LastwordError {
  const which = more.length === 0 ? `packet ${first} was` : `packet ${first} and ${more.length} more were`
  return new LastwordError('CAPTURE_DAMAGED', `${path}: ${which} captured in part only`, {
    hint: 'tcpdump -s 0 captures whole packets.',
  })
}

function headOf({ number, timeMs, from, to, fromPort, toPort }: CapturedDatagram) {
  return {
    number,
    ...(timeMs === undefined ? {} : { time: new Date(timeMs).toISOString() }),
    from: `${from}:${fromPort}`,
    to: `${to}:${toPort}`,
  }
}
