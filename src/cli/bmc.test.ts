/** `lastword bmc` as it is started: a process of its own, with what its options promise and refuse. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../bin/lastword.cjs', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'lastword-bmc-'))
after(() => rmSync(dir, { recursive: true }))

/** One that is to end by itself: it refuses what it is asked. */
function refused(...args: string[]) {
  const { status, stderr } = spawnSync(process.execPath, [main, 'bmc', '--lan', '127.0.0.1:0', ...args], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  return { status, stderr }
}

describe('lastword bmc', () => {
  it('says of a state directory that cannot be made what is wrong, and ends', () => {
    for (const folder of ['/proc/none/such', '/proc/none']) {
      const { status, stderr } = refused('--state', folder)
      assert.equal(status, 1)
      assert.match(stderr, /^lastword: \/proc\/none.* \[STATE_DIR\]\n.*--state a directory.*\n$/)
    }
  })

  it('refuses a command that is none', () => {
    for (const option of ['--host', '--hook']) {
      const { status, stderr } = refused(option, ' ')
      assert.equal(status, 2)
      assert.match(stderr, new RegExp(`${option}.*It takes a command for a shell`))
    }
  })
})
