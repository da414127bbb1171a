/** Standard output that cannot be written: one clear line and status 1, in every format. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { echoFarEnd } from '../../bmc/sol-far-ends.ts'
import { LanRig, user } from '../../lab/lan/rig.ts'
import { exitStatus } from '../output.ts'
import { formats } from './formats.ts'

const main = fileURLToPath(new URL('../main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'lastword-stdout-'))
after(() => rmSync(folder, { recursive: true }))

const env = { ...process.env, LASTWORD_HOSTS: '/nowhere.yaml', XDG_CACHE_HOME: folder }

interface Outcome {
  status: number | null
  stderr: string
}

function ontoFullDisk(args: readonly string[], input = ''): Outcome {
  const full = openSync('/dev/full', 'w')
  try {
    return spawnSync(process.execPath, [main, ...args], {
      env,
      input,
      stdio: ['pipe', full, 'pipe'],
      encoding: 'utf8',
    })
  } finally {
    closeSync(full)
  }
}

function assertTold({ status, stderr }: Outcome, errno: string): void {
  assert.match(
    stderr,
    new RegExp(`^lastword: standard output cannot be written: ${errno}.*\\[OUTPUT_UNWRITABLE\\]\\n$`),
  )
  assert.equal(status, exitStatus.failed)
}

describe('a full disk behind standard output', () => {
  for (const format of formats) {
    it(`is told once, with --format ${format}`, () => {
      assertTold(ontoFullDisk(['-H', 'sim://', '--format', format, 'sdr', 'list']), 'ENOSPC')
    })
  }

  for (const args of [['--help'], ['--version'], ['help', 'lan', 'set'], ['lab', '--help']]) {
    it(`is told once by lastword ${args.join(' ')}`, () => {
      assertTold(ontoFullDisk(args), 'ENOSPC')
    })
  }

  for (const flags of [[], ['--json']]) {
    it(`ends exec ${flags.join('')} at the line that could not be printed`, () => {
      assertTold(
        ontoFullDisk(['-H', 'sim://', ...flags, 'exec', '-'], 'mc guid\nmc guid\nmc guid\n'),
        'ENOSPC',
      )
    })
  }
})

describe('a reader of standard output that has gone, as head does', () => {
  for (const [words, line] of [
    ['exec', 'mc guid\n'],
    ['sol activate', 'one\n'],
  ] as const) {
    it(`ends ${words} without a failure, and nothing is left on the BMC`, async () => {
      await using rig = await LanRig.start({}, { sol: echoFarEnd() })
      const url = `lanplus://${user.name}@127.0.0.1:${rig.port}`
      const child = spawn(process.execPath, [main, '--url', url, '-E', '-q', ...words.split(' ')], {
        env: { ...env, IPMITOOL_PASSWORD: user.password },
      })
      let stderr = ''
      child.stderr.on('data', text => (stderr += String(text)))
      child.stdin.on('error', () => {}).write(line)
      await once(child.stdout, 'data')
      child.stdout.destroy()
      await once(child.stdout, 'close')
      child.stdin.write(line)
      const [status] = (await once(child, 'exit')) as [number]
      assert.deepEqual([status, stderr], [exitStatus.ok, ''])
      assert.deepEqual([...rig.server.machine.sessions.all()], [])
    })
  }
})

describe('a limit for the length of a file', () => {
  for (const blocks of [0, 1]) {
    it(`of ${blocks} blocks is told, and what was cut short is no success`, () => {
      const file = join(folder, `limited-${blocks}`)
      const { status, stderr } = spawnSync(
        'sh',
        ['-c', `ulimit -f ${blocks} && exec "$@" > "${file}"`, 'sh', process.execPath, main, '--help'],
        { env, encoding: 'utf8' },
      )
      assertTold({ status, stderr }, 'EFBIG')
      assert.equal(readFileSync(file).length, blocks * 512)
    })
  }
})
