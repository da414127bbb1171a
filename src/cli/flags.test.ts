/** Every flag that every command takes makes a difference. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { admin, ClientRig } from '../lab/bmc/client-rig.ts'
import { encodeSdr } from '../protocol/sdr/record.ts'
import { resolveTarget } from './connection/target.ts'
import { connectionFlags, type generalFlags, type outputFlags } from './flags.ts'
import { flagValues, split } from './parse.ts'

const main = fileURLToPath(new URL('./main.js', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'lastword-flags-'))
after(() => rmSync(dir, { recursive: true }))

interface Told {
  status: number | null
  out: string
  error: string
}

/** Without a terminal that could be asked on. */
function lastword(env: Record<string, string>, ...args: string[]): Promise<Told> {
  const child = spawn(process.execPath, [main, ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, LASTWORD_HOSTS: join(dir, 'none.yaml'), XDG_CACHE_HOME: dir, ...env },
  })
  const told: Told = { status: null, out: '', error: '' }
  child.stdout.on('data', (text: Buffer) => {
    told.out += text
  })
  child.stderr.on('data', (text: Buffer) => {
    told.error += text
    // A console ends with its user.
    if (/ends it/.test(told.error)) child.kill()
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', status => resolve({ ...told, status }))
  })
}

describe('where a connection goes is changed by', () => {
  const env = { IPMI_KGKEY: 'key', IPMITOOL_PASSWORD: 'word' }
  const ask = () => assert.fail('asks')
  const target = (words: readonly string[]) =>
    resolveTarget(flagValues(connectionFlags, split(words, connectionFlags, 'areFlags').given), env, ask)

  /** The flag, and what stands before it with and without it. */
  const cases: Readonly<
    Record<
      Exclude<keyof typeof connectionFlags, 'lun' | 'kgAsk'>,
      readonly [flag: readonly string[], beside?: readonly string[]]
    >
  > = {
    host: [['-H', 'other']],
    url: [
      ['--url', 'lanplus://other'],
      ['-I', 'kcs'],
    ],
    interface: [['-I', 'lan']],
    device: [
      ['-d', '1'],
      ['-I', 'open'],
    ],
    port: [['-p', '624']],
    user: [['-U', 'admin']],
    password: [['-P', 'word']],
    passwordEnv: [['-E']],
    passwordFile: [['-f', 'file']],
    ask: [['-a']],
    cipherSuite: [['-C', '17']],
    authType: [['-A', 'MD5']],
    privilege: [['-L', 'USER']],
    kg: [['-k', 'key']],
    kgHex: [['-y', '6b6579']],
    kgEnv: [['-K']],
    target: [['-t', '0x82']],
    channel: [
      ['-b', '7'],
      ['-t', '0x82'],
    ],
    transitAddress: [
      ['-T', '0x84'],
      ['-t', '0x82'],
    ],
    transitChannel: [
      ['-B', '7'],
      ['-t', '0x82', '-T', '0x84'],
    ],
    sdrFile: [['-S', 'file']],
    timeout: [['-N', '3']],
    retries: [['-R', '3']],
    ipv4: [['-4']],
    ipv6: [['-6']],
  }
  for (const [name, [flag, beside = []]] of Object.entries(cases)) {
    it(`--${name} (${flag.join(' ')})`, async () => {
      const base = beside[0] === '-I' ? beside : ['-H', 'bmc.example', ...beside]
      assert.notDeepEqual(await target([...(name === 'url' ? [] : base), ...flag]), await target(base))
    })
  }

  it('--kg-ask (-Y), which asks on the terminal', async () => {
    const told = await lastword({}, '-H', '127.0.0.1', '-Y', 'mc', 'info')
    assert.equal(told.status, 4)
    assert.match(told.error, /no terminal to ask on/)
  })
})

describe('what is printed is changed by', () => {
  const records = join(dir, 'sdr.bin')
  const raw = join(dir, 'sel.raw')
  let rig: ClientRig
  before(async () => {
    rig = await ClientRig.start({ sol: 'echo' })
    const time = [0x00, 0x94, 0x35, 0x77]
    writeFileSync(raw, Uint8Array.of(1, 0, 2, ...time, 0x20, 0, 4, 1, 0x30, 1, 0x59, 0, 0))
    const [first] = await recordsOf(rig)
    writeFileSync(records, first!)
  })
  after(() => rig[Symbol.asyncDispose]())

  const sim = (...words: string[]) => ['-H', 'sim://', ...words]
  const sol = () => [
    ...['-H', rig.host, '-p', String(rig.port), '-U', admin.name],
    ...['-E', 'sol', 'activate', '--listen', '--take-over'],
  ]
  const password = { IPMITOOL_PASSWORD: admin.password }

  interface Case {
    readonly line: () => readonly string[]
    readonly flag: readonly string[]
    /** What is told with it, and is not without it. */
    readonly shows: RegExp
    readonly env?: Record<string, string>
  }
  type Name = keyof typeof outputFlags | keyof typeof generalFlags | 'lun' | 'sdrFile'

  const cases: Readonly<Record<Name, Case>> = {
    format: { line: () => sim('mc', 'info'), flag: ['--format', 'yaml'], shows: /^ipmiVersion: "2.0"$/m },
    json: { line: () => sim('mc', 'info'), flag: ['--json'], shows: /^ {2}"ipmiVersion": "2.0"/m },
    ndjson: { line: () => sim('mc', 'info'), flag: ['--ndjson'], shows: /^\{.*"ipmiVersion":"2.0"/m },
    csv: { line: () => sim('mc', 'info'), flag: ['-c'], shows: /^device ID,/m },
    yaml: { line: () => sim('mc', 'info'), flag: ['--yaml'], shows: /^ipmiVersion: "2.0"$/m },
    help: { line: () => sim('mc', 'info'), flag: ['-h'], shows: /^usage: lastword /m },
    version: { line: () => sim('mc', 'info'), flag: ['-V'], shows: /^\d+\.\d+\.\d+$/m },
    verbose: {
      line: () => sim('mc', 'guid'),
      flag: ['-v'],
      shows: /^lastword: mc guid: one request, \d+ ms$/m,
    },
    quiet: {
      line: () => sim('user', 'set', 'password', '2', 'abc'),
      flag: ['-q'],
      shows: /^(?!.*process list)/s,
    },
    utc: {
      line: () => ['sel', 'readraw', raw, '--format', 'ipmitool'],
      flag: ['-Z'],
      shows: /05\/18\/33 \| 03:33:20 GMT/,
      env: { TZ: 'Asia/Tokyo' },
    },
    escapeKey: { line: sol, flag: ['-e', '%'], shows: /%\. ends it/, env: password },
    trace: {
      line: () => sim('mc', 'guid'),
      flag: ['--trace'],
      shows: /^→ #1 App\/Get Device GUID request$/m,
    },
    debug: { line: () => sim('raw', '6', '0x77'), flag: ['--debug'], shows: /^ {4}at /m },
    lun: {
      line: () => sim('raw', '6', '1'),
      flag: ['-l', '3'],
      shows: /0xC2, command invalid for given LUN/,
    },
    sdrFile: {
      line: () => sim('sdr', 'list', 'all'),
      flag: ['-S', records],
      shows: /^(?!.*Fan 1).*controller/s,
    },
  }
  /** Several flags are held against the same line. */
  const plains = new Map<string, Promise<Told>>()
  const withoutFlag = (env: Record<string, string>, words: readonly string[]) => {
    const key = words.join(' ')
    const run = plains.get(key) ?? lastword(env, ...words)
    plains.set(key, run)
    return run
  }

  for (const [name, { line, flag, shows, env = {} }] of Object.entries(cases)) {
    it(`--${name} (${flag.join(' ')})`, async () => {
      const before = name === 'version' || name === 'utc' ? flag : []
      const plain = await withoutFlag(env, line())
      const flagged = await lastword(env, ...before, ...line(), ...(before.length > 0 ? [] : flag))
      assert.match(flagged.out + flagged.error, shows)
      assert.doesNotMatch(plain.out + plain.error, shows)
    })
  }
})

/** The bytes of the BMC's records. */
async function recordsOf(rig: ClientRig): Promise<Uint8Array[]> {
  const { connect } = await import('../client/connect.ts')
  const url = `lanplus://${admin.name}:${admin.password}@${rig.host}:${rig.port}`
  await using bmc = await connect(url)
  return (await bmc.sdr.records()).map(encodeSdr)
}
