/** Every group of commands works on a whole simulated BMC: for people, and where it only reads as JSON too. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runProgram } from '../lab/kernel/run-program.ts'
import { globalFlags } from './flags.ts'
import { split } from './parse.ts'
import { Session } from './session.ts'

const main = fileURLToPath(new URL('./main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'lastword-every-'))
after(() => rmSync(folder, { recursive: true }))

/** What only reads, and what changes something, in this order; `@` is a folder, `_` a space inside a word. */
const groups: Readonly<Record<string, { reads: readonly string[]; changes?: readonly string[] }>> = {
  mc: {
    reads: ['info', 'selftest', 'guid', 'getenables', 'watchdog get'],
    changes: ['setenables event_msg=on', 'watchdog off', 'reset warm'],
  },
  chassis: {
    reads: ['status', 'power status', 'policy list', 'restart_cause', 'poh', 'bootparam get 5', 'selftest'],
    changes: ['power cycle', 'identify 5', 'policy always-on', 'bootdev pxe'],
  },
  power: { reads: ['status'], changes: ['on', 'reset'] },
  sdr: {
    reads: ['list', 'elist full', 'type Temperature', 'entity 7.1', 'info', 'get Fan_1'],
    changes: ['dump @/sdr.bin'],
  },
  sensor: {
    reads: ['list', 'get Fan_1', 'reading Fan_1'],
    changes: ['thresh Inlet_Temp ucr 47', 'thresh CPU1_Temp upper 88 93 98'],
  },
  event: { reads: [], changes: ['1', '2', '3'] },
  sel: {
    reads: ['info', 'list', 'elist', 'get 1', 'time get', 'lastwords'],
    changes: ['save @/sel.txt', 'writeraw @/sel.raw', 'delete 1', 'time set now', 'clear'],
  },
  fru: { reads: ['print', 'print 0', 'list'], changes: ['read 0 @/fru.bin', 'write 0 @/fru.bin'] },
  user: {
    reads: ['list 1', 'summary 1'],
    changes: ['set name 5 bob', 'enable 5', 'priv 5 2 1', 'disable 5'],
  },
  lan: {
    reads: ['print 1', 'stats get 1'],
    changes: ['set 1 ipsrc static', 'set 1 ipaddr 10.1.2.3', 'set 1 netmask 255.255.0.0'],
  },
  channel: {
    reads: ['info 1', 'getaccess 1 2', 'getciphers ipmi 1', 'authcap 1 4'],
    changes: ['setaccess 1 2 privilege=4'],
  },
  session: { reads: ['info all'] },
  sol: { reads: ['info 1'], changes: ['set volatile-bit-rate 115.2 1'] },
  pef: { reads: ['info', 'status', 'policy list', 'filter list'] },
  dcmi: {
    reads: ['discover', 'power reading', 'sensors', 'asset_tag', 'get_mc_id_string', 'get_temp_reading'],
    changes: ['set_asset_tag rack7'],
  },
  raw: { reads: ['6 1', '0x06 0x01'] },
}

let bmc: ChildProcess
let port: string

before(async () => {
  writeFileSync(join(folder, 'password'), 'secret123', { mode: 0o600 })
  const flags = [
    '--lan',
    '127.0.0.1:0',
    '--user',
    'admin',
    '--password-file',
    join(folder, 'password'),
    '--json',
  ]
  bmc = spawn(process.execPath, [main, 'bmc', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(createInterface({ input: bmc.stdout! }), 'line')) as [string]
  port = (JSON.parse(line) as { lan: string }).lan.split(':')[1]!
})
after(() => bmc.kill())

function login(): string[] {
  return ['-H', '127.0.0.1', '-p', port, '-U', 'admin', '-f', join(folder, 'password')]
}

async function lastword(...args: string[]): Promise<string> {
  const env = { LASTWORD_HOSTS: join(folder, 'none.yaml'), XDG_CACHE_HOME: folder }
  const { exitCode, stdout, stderr } = await runProgram(process.execPath, [main, ...login(), ...args], {
    env,
  })
  assert.deepEqual([exitCode, stderr], [0, ''], args.join(' '))
  return stdout.toString()
}

function words(line: string): string[] {
  return line.split(' ').map(word => word.replace('@', folder).replaceAll(/(?<=[A-Z]\w+)_/g, ' '))
}

/** Looks at what programs get of a line that only reads; in this process, which saves its start. */
async function forPrograms(group: string, line: string): Promise<void> {
  let printed = ''
  await using session = new Session(split(login(), globalFlags, 'areFlags').given, {
    env: { LASTWORD_HOSTS: join(folder, 'none.yaml'), XDG_CACHE_HOME: folder },
    signal: new AbortController().signal,
    print: async text => {
      printed += String(text)
    },
    warn: assert.fail,
    report: assert.fail,
  })
  await session.run([group, ...words(line), '--json'])
  const data = JSON.parse(printed) as unknown
  assert.notEqual(data, null)
  printed = ''
  await session.run([group, ...words(line), '--csv'])
  const [titles = [], ...rows] = cells(printed)
  const isEmpty = Array.isArray(data) && data.length === 0
  assert.ok(isEmpty || (titles.length > 0 && !titles.includes('')), `${group} ${line}: ${titles}`)
  assert.ok(isEmpty || rows.length > 0, `${group} ${line}`)
  for (const row of rows) assert.equal(row.length, titles.length, `${group} ${line}: ${row}`)
}

/** The lines of comma-separated values. RFC 4180. */
function cells(csv: string): string[][] {
  const lines: string[][] = [[]]
  for (const [, quoted, bare, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
    lines.at(-1)!.push(quoted?.replaceAll('""', '"') ?? bare!)
    if (end === '\n') lines.push([])
  }
  return lines.slice(0, -1)
}

describe('on a simulated BMC works', () => {
  for (const [group, { reads, changes = [] }] of Object.entries(groups)) {
    it(`${group} ${[...reads, ...changes].join(', ')}`, async () => {
      for (const line of reads) {
        const shown = await lastword(group, ...words(line))
        assert.notEqual(shown, '', `${group} ${line}`)
        await forPrograms(group, line)
      }
      for (const line of changes) await lastword(group, ...words(line))
    })
  }

  it('what was changed is there afterwards', async () => {
    const users = JSON.parse(await lastword('--json', 'user', 'list', '1')) as { name: string }[]
    assert.ok(users.some(({ name }) => name === 'bob'))
    assert.match(await lastword('dcmi', 'asset_tag'), /rack7/)
    assert.match(await lastword('lan', 'print', '1'), /10\.1\.2\.3/)
    assert.match(await lastword('sensor', 'get', 'Inlet Temp'), /47/)
    assert.match(await lastword('chassis', 'status'), /always.on/)
  })
})
