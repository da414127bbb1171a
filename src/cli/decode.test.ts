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

/** Datagrams as an Ethernet capture of IPv4. */
function pcapOf(datagrams: readonly { data: Uint8Array; isToBmc: boolean }[]): Buffer {
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

/** What ipmitool and a BMC say to each other. */
async function recordSession(args: readonly string[]): Promise<Buffer> {
  await using rig = await LanRig.start()
  const seen: { data: Uint8Array; isToBmc: boolean }[] = []
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
  await runProgram('ipmitool', [...login, ...args])
  proxy.close()
  return pcapOf(seen)
}

describeNeeds('ipmitool')('decode of a capture', () => {
  const file = join(dir, 'session.pcap')

  it('follows the log-in, and reads what is encrypted only with the password', async () => {
    writeFileSync(file, await recordSession(['sel', 'info']))
    const shut = decode(['--pcap', file]).stdout
    assert.match(shut, /#1 {2}2023-11-14T22:13:20\.000Z {2}10\.0\.0\.1:40000 → 10\.0\.0\.2:623/)
    assert.match(shut, /RAKP Message 1[\s\S]*RAKP Message 4/)
    assert.match(shut, /encrypted: with the password it can be read/)
    assert.doesNotMatch(shut, /Get SEL Info/)
    const open = decode(['--pcap', file], { IPMITOOL_PASSWORD: admin.password }).stdout
    assert.match(open, /Storage\/Get SEL Info request[\s\S]*Storage\/Get SEL Info response[\s\S]*freeBytes/)
    assert.match(open, /App\/Close Session request/)
    assert.doesNotMatch(decode(['--pcap', file], { IPMITOOL_PASSWORD: 'wrong' }).stdout, /Get SEL Info/)
  })

  it('reads pcapng as well', needs('editcap'), () => {
    const next = join(dir, 'session.pcapng')
    assert.equal(spawnSync('editcap', ['-F', 'pcapng', file, next]).status, 0)
    assert.equal(decode(['--pcap', next, '--brief']).stdout, decode(['--pcap', file, '--brief']).stdout)
  })

  it('never reads beyond a damaged file', () => {
    const whole = pcapOf([{ data: Uint8Array.of(0x06, 0, 0xff, 0x06), isToBmc: true }])
    for (let length = 24; length < whole.length; length++) {
      assert.deepEqual([...readCapture(whole.subarray(0, length))], [])
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        const file = Uint8Array.of(0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, ...bytes)
        if (file.length >= 24) assert.ok([...readCapture(file)].length < 200)
      }),
    )
  })
})
