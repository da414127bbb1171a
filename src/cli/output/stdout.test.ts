/** Standard output that cannot be written: one clear line and status 1, in every format. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
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
