/** `lastword decode` on messages whose meaning is known, and on a session that ipmitool had with a BMC. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describeNeeds, needs } from '../lab/kernel/needs-programs.ts'
import { runProgram } from '../lab/kernel/run-program.ts'
import { user as admin, LanRig } from '../lab/lan/rig.ts'
import { LastwordError } from '../protocol/error.ts'
import { explainDatagram } from './decode/datagram.ts'
import { explainMessage, explanationLines } from './decode/explain.ts'
import { readCapture } from './decode/pcap.ts'

const main = fileURLToPath(new URL('./main.js', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'lastword-decode-'))
after(() => rmSync(dir, { recursive: true }))

function decode(args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'decode', ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
  return { status, stdout, stderr }
}

describe('decode of bytes', () => {
  it('tells request and response, each field, and why a command was refused', () => {
    assert.equal(
      decode(['0x0a', '0x43', '00 00 01 00 00 ff']).stdout.split('\n')[0],
      'Storage/Get SEL Entry request',
    )
    assert.match(decode(['06:01']).stdout, /^App\/Get Device ID request\n/)
    assert.match(decode(['07', '01', '00200102', '000214000000', '0100']).stdout, /firmware\.major: 2\n/)
    assert.match(
      decode(['0b', '43', 'cb']).stdout,
      /refused with 0xcb: requested sensor, data, or record not present/,
    )
    assert.match(decode(['--as', 'kcs', '18 01']).stdout, /^App\/Get Device ID request/)
  })

  it('knows an IPMB frame, an RMCP message, and a message inside of another', () => {
    assert.match(
      decode(['20 18 c8 81 00 01 7e']).stdout,
      /^IPMB\n {2}App\/Get Device ID request \(0x81 to 0x20, rqSeq 0\)/,
    )
    assert.match(decode(['06 00 ff 06 00 00 11 be 80 07 00 00']).stdout, /Presence Ping\n {4}tag: 7/)
    assert.match(decode(['06 34 00 20 18 c8 81 00 01 7e']).stdout, /inside:\n\s+App\/Get Device ID request/)
  })

  it('says in one line what is wrong with its input', () => {
    for (const args of [
      [],
      ['xyz'],
      ['123', '4'],
      ['06'],
      ['--pcap', '/nowhere'],
      ['--as', 'rmcp', '0601'],
    ]) {
      const { status, stderr } = decode(args)
      assert.ok(status === 1 || status === 2)
      assert.match(stderr, /^lastword: .*\[[A-Z_]+\]\n( {2}.*\n)?$/)
    }
  })

  it('explains any bytes without failing', () => {
    fc.assert(
      fc.property(fc.nat(63), fc.nat(255), fc.uint8Array({ maxLength: 40 }), (netFn, cmd, body) => {
        assert.ok(explanationLines(explainMessage(netFn, cmd, body)).length > 0)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(0, 2, 6), (bytes, authType) => {
        explainDatagram(Uint8Array.of(0x06, 0, 0xff, 0x07, authType, ...bytes))
        explainDatagram(bytes)
      }),
    )
  })
})

interface Datagram {
  data: Uint8Array
  isToBmc: boolean
}

/** Datagrams as an Ethernet capture of IPv4. */
function pcapOf(datagrams: readonly Datagram[]): Buffer {
  const head = Buffer.alloc(24)
  head.writeUInt32LE(0xa1b2c3d4, 0)
  head.writeUInt16LE(2, 4)
  head.writeUInt16LE(4, 6)
  head.writeUInt32LE(65535, 16)
  head.writeUInt32LE(1, 20)
  const packets = datagrams.map(({ data, isToBmc }, index) => {
    const frame = Buffer.alloc(42 + data.length)
    frame.writeUInt16BE(0x0800, 12)
    frame[14] = 0x45
    frame.writeUInt16BE(28 + data.length, 16)
    frame[23] = 17
    frame.set(isToBmc ? [10, 0, 0, 1, 10, 0, 0, 2] : [10, 0, 0, 2, 10, 0, 0, 1], 26)
    frame.writeUInt16BE(isToBmc ? 40000 : 623, 34)
    frame.writeUInt16BE(isToBmc ? 623 : 40000, 36)
    frame.writeUInt16BE(8 + data.length, 38)
    frame.set(data, 42)
    const record = Buffer.alloc(16)
    record.writeUInt32LE(1_700_000_000 + index, 0)
    record.writeUInt32LE(frame.length, 8)
    record.writeUInt32LE(frame.length, 12)
    return Buffer.concat([record, frame])
  })
  return Buffer.concat([head, ...packets])
}

/** What ipmitool, run once with each of the arguments, and a BMC say to each other. */
async function recordSessions(runs: readonly (readonly string[])[], kg?: Uint8Array): Promise<Datagram[]> {
  await using rig = await LanRig.start(kg === undefined ? {} : { kg })
  const seen: Datagram[] = []
  const proxy = createSocket('udp4').bind(0, '127.0.0.1')
  await once(proxy, 'listening')
  let consolePort = 0
  proxy.on('message', (data, from) => {
    const isToBmc = from.port !== rig.server.port
    if (isToBmc) consolePort = from.port
    seen.push({ data, isToBmc })
    proxy.send(data, isToBmc ? rig.server.port : consolePort, '127.0.0.1')
  })
  const port = String((proxy.address() as AddressInfo).port)
  const login = [
    '-I',
    'lanplus',
    '-H',
    '127.0.0.1',
    '-p',
    port,
    '-U',
    admin.name,
    '-P',
    admin.password,
    '-C',
    '17',
  ]
  for (const args of runs) await runProgram('ipmitool', [...login, ...args])
  proxy.close()
  return seen
}

const selInfo = ['sel', 'info']

function inFile(name: string, content: Uint8Array): string {
  const file = join(dir, name)
  writeFileSync(file, content)
  return file
}

describeNeeds('ipmitool')('decode of a capture', () => {
  it('follows the log-in, and reads what is encrypted only with the password', async () => {
    const file = inFile('session.pcap', pcapOf(await recordSessions([selInfo])))
    const shut = decode(['--pcap', file])
    assert.equal(shut.status, 0)
    assert.match(shut.stdout, /#1 {2}2023-11-14T22:13:20\.000Z {2}10\.0\.0\.1:40000 → 10\.0\.0\.2:623/)
    assert.match(shut.stdout, /RAKP Message 1[\s\S]*RAKP Message 4/)
    assert.match(shut.stdout, /encrypted: with the password it can be read/)
    assert.doesNotMatch(shut.stdout, /Get SEL Info/)
    const open = decode(['--pcap', file], { IPMITOOL_PASSWORD: admin.password }).stdout
    assert.match(open, /Storage\/Get SEL Info request[\s\S]*Storage\/Get SEL Info response[\s\S]*freeBytes/)
    assert.match(open, /App\/Close Session request/)
    const wrong = decode(['--pcap', file], { IPMI_PASSWORD: 'wrong' })
    assert.equal(wrong.status, 0)
    assert.match(wrong.stdout, /encrypted: the password that was given is not that of its session/)
    assert.doesNotMatch(wrong.stdout, /Get SEL Info|it can be read/)
  })

  it('reads each of the sessions that ipmitool has, which all have one name on its side', async () => {
    const file = inFile('sessions.pcap', pcapOf(await recordSessions([selInfo, ['mc', 'guid'], selInfo])))
    const { stdout } = decode(['--pcap', file, '--brief'], { IPMITOOL_PASSWORD: admin.password })
    assert.doesNotMatch(stdout, /encrypted:/)
    assert.match(stdout, /Get SEL Info response[\s\S]*Get System GUID response[\s\S]*Get SEL Info response/)
  })

  it('tells a key Kg that is missing from one that is wrong, and reads with the right one', async () => {
    const kg = Buffer.from('the second key')
    const file = inFile('kg.pcap', pcapOf(await recordSessions([['-k', String(kg), ...selInfo]], kg)))
    const told = (keys: Record<string, string>) =>
      decode(['--pcap', file, '--brief'], { IPMITOOL_PASSWORD: admin.password, ...keys }).stdout
    assert.match(told({}), /encrypted: with the key Kg of its BMC, beside the password, it can be read/)
    assert.match(
      told({ IPMI_KGKEY: 'another' }),
      /encrypted: the key Kg that was given is not that of its BMC/,
    )
    assert.match(told({ IPMI_KGKEY: 'another', IPMITOOL_PASSWORD: 'wrong' }), /encrypted: the password that/)
    for (const right of [String(kg), `0x${kg.toString('hex')}`])
      assert.match(told({ IPMI_KGKEY: right }), /Get SEL Info response/)
  })

  it('tells a packet that was changed, and a session whose log-in was not captured', async () => {
    const all = await recordSessions([selInfo])
    const env = { IPMITOOL_PASSWORD: admin.password }
    const without = inFile('tail.pcap', pcapOf(all.slice(-2)))
    assert.match(decode(['--pcap', without], env).stdout, /encrypted: its log-in was not captured/)
    all.at(-1)!.data[40]! ^= 1
    const changed = inFile('changed.pcap', pcapOf(all))
    assert.match(
      decode(['--pcap', changed], env).stdout,
      /encrypted: password and keys are right, but it is damaged/,
    )
  })

  it('reads pcapng as well', needs('editcap'), () => {
    const file = join(dir, 'session.pcap')
    const next = join(dir, 'session.pcapng')
    assert.equal(spawnSync('editcap', ['-F', 'pcapng', file, next]).status, 0)
    assert.equal(decode(['--pcap', next, '--brief']).stdout, decode(['--pcap', file, '--brief']).stdout)
  })

  it('tells messages that were captured in part', needs('editcap'), () => {
    const short = join(dir, 'short.pcap')
    assert.equal(spawnSync('editcap', ['-F', 'pcap', '-s', '60', join(dir, 'session.pcap'), short]).status, 0)
    const { status, stdout, stderr } = decode(['--pcap', short])
    assert.match(stdout, /a message: captured in part: \d+ of its bytes are missing/)
    assert.match(
      stderr,
      /packet \d+ and \d+ more were captured in part only \[CAPTURE_DAMAGED\]\n {2}tcpdump -s 0/,
    )
    assert.equal(status, 1)
  })
})

const ping = { data: Uint8Array.of(6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, 7, 0, 0), isToBmc: true }
const three = pcapOf([ping, ping, ping])

/** The same packets in pcapng's blocks. */
function pcapngOf(pcap: Buffer): Buffer {
  const block = (type: number, ...words: (number | Uint8Array)[]) => {
    const body = Buffer.concat(words.map(word => (typeof word === 'number' ? le32(word) : word)))
    const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)])
    const length = le32(padded.length + 12)
    return Buffer.concat([le32(type), length, padded, length])
  }
  const blocks = [block(0x0a0d0d0a, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff), block(1, 1, 0)]
  for (let at = 24; at < pcap.length; ) {
    const size = pcap.readUInt32LE(at + 8)
    blocks.push(block(6, 0, 0, 0, size, size, pcap.subarray(at + 16, at + 16 + size)))
    at += 16 + size
  }
  return Buffer.concat(blocks)
}

function le32(value: number): Buffer {
  const word = Buffer.alloc(4)
  word.writeUInt32LE(value)
  return word
}

/** How many packets could be read, and what was said of the rest. */
function readAll(file: Uint8Array): { whole: number; error?: LastwordError } {
  let whole = 0
  try {
    for (const _ of readCapture(file, 'FILE')) whole++
    return { whole }
  } catch (error) {
    assert.ok(error instanceof LastwordError)
    return { whole, error }
  }
}

describe('decode of a damaged capture', () => {
  it('decodes what is whole, then says in one line what is missing, and fails', () => {
    const file = inFile('cut.pcap', three.subarray(0, three.length - 10))
    const { stdout, status } = spawnSync(
      'sh',
      ['-c', '"$@" 2>&1', 'sh', process.execPath, main, 'decode', '--pcap', file],
      { encoding: 'utf8' },
    )
    const said = /(#\d)[^#]*Presence Ping/g
    assert.deepEqual(
      [...stdout.matchAll(said)].map(([, number]) => number),
      ['#1', '#2'],
    )
    assert.match(
      stdout,
      /\n\S*lastword: .*cut\.pcap: packet 3, at byte 164 of 224, is cut off: 60 of its 70 bytes are there \[CAPTURE_DAMAGED\]\n {2}What is before it is decoded\.\n$/,
    )
    assert.equal(status, 1)
  })

  for (const [format, file] of [
    ['pcap', three],
    ['pcapng', pcapngOf(three)],
  ] as const) {
    it(`tells every place that a ${format} file may be cut at, but those between two packets`, () => {
      const unnoticed: number[] = []
      for (let length = 4; length <= file.length; length++) {
        const { whole, error } = readAll(file.subarray(0, length))
        if (error === undefined) unnoticed.push(whole)
        else
          assert.match(
            error.message,
            /^FILE: .*, at byte \d+ of \d+, is cut off: \d+ of its \d+ bytes are there$/,
          )
      }
      // pcapng's first blocks hold no packet.
      assert.deepEqual(unnoticed, format === 'pcap' ? [0, 1, 2, 3] : [0, 0, 1, 2, 3])
    })
  }

  it('tells lengths, interfaces and orders of bytes that cannot be', () => {
    const changed = (file: Buffer, at: number, value: number) => {
      const copy = Buffer.from(file)
      copy.writeUInt32LE(value, at)
      return readAll(copy)
    }
    const ng = pcapngOf(three)
    const second = 28 + 20 + 88
    const cases: [ReturnType<typeof readAll>, number, RegExp][] = [
      [
        changed(three, 24 + 70 + 8, 0xfffffff0),
        1,
        /packet 2, at byte 94 of 234, is damaged: it tells a length of 42949/,
      ],
      [
        changed(ng, second + 4, 8),
        1,
        /the block behind packet 1, at byte 136 of 312, is damaged: it tells a length of 8/,
      ],
      [changed(ng, second + 84, 92), 1, /its length is 88 at its beginning and 92 at its end/],
      [changed(ng, second + 20, 4000), 1, /it tells a packet of 4000 bytes/],
      [changed(ng, second + 8, 7), 1, /there is no interface 7/],
      [
        changed(ng, 8, 7),
        0,
        /a block before the first packet, at byte 0 of 312, is damaged: it tells no order of bytes/,
      ],
    ]
    for (const [{ whole, error }, before, told] of cases) {
      assert.equal(whole, before)
      assert.match(error?.message ?? 'nothing', told)
      assert.equal(error?.code, 'CAPTURE_DAMAGED')
    }
  })

  it('never reads beyond it, whatever is in it', () => {
    const heads = [three.subarray(0, 24), pcapngOf(three).subarray(0, 48)]
    fc.assert(
      fc.property(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 200 }), (head, bytes) => {
        assert.ok(readAll(Buffer.concat([head, bytes])).whole < 200)
      }),
    )
  })
})
