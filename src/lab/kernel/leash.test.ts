import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startOnLeash } from './leash.ts'

/** A process of ours that starts a program on a leash, tells its ID, and ends as `ending` says. */
function holder(folder: string, ending: string) {
  const source = `
    import { startOnLeash } from ${JSON.stringify(new URL('./leash.js', import.meta.url).href)}
    const held = startOnLeash('/bin/sleep', ['600'], ${JSON.stringify(folder)})
    process.stdout.write(held.pid + '\\n', () => { ${ending} })`
  return spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

/** Whether a process still runs; one that is dead but not yet reaped does not. */
async function runs(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return status !== '' && !/\) [ZX] /.test(status)
}

async function until(condition: () => Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 200; tries++) {
    if (await condition()) return true
    await sleep(20)
  }
  return false
}

const linux = { skip: process.platform === 'linux' ? false : 'needs Linux' }

describe('a program on a leash', () => {
  const endings: Record<string, { code: string; signal?: NodeJS.Signals }> = {
    'returns from exit': { code: 'process.exit(0)' },
    throws: { code: 'throw new Error()' },
    'is interrupted with Ctrl-C': { code: 'setInterval(() => {}, 1000)', signal: 'SIGINT' },
    'is killed with SIGKILL': { code: 'setInterval(() => {}, 1000)', signal: 'SIGKILL' },
  }
  for (const [how, { code, signal }] of Object.entries(endings)) {
    it(`ends, and its folder goes, when its owner ${how}`, linux, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'lastword-test-'))
      const owner = holder(folder, code)
      const [said] = await once(owner.stdout, 'data')
      const pid = Number(said)
      if (signal) owner.kill(signal)
      assert.ok(await until(async () => !(await runs(pid))))
      assert.ok(await until(async () => !existsSync(folder)))
    })
  }

  it('is killed on demand, with its watcher', linux, async () => {
    const held = startOnLeash('/bin/sleep', ['600'], join(tmpdir(), 'lastword-test-none'))
    held.kill()
    const [, signal] = await once(held.child, 'close')
    assert.equal(signal, 'SIGKILL')
    assert.ok(await until(async () => !(await runs(held.pid))))
    held.kill()
  })

  it('is heard and answered through its standard streams', linux, async () => {
    const held = startOnLeash('/bin/cat', [], join(tmpdir(), 'lastword-test-none'))
    held.stdin.end('hello')
    const [said] = await once(held.stdout, 'data')
    const [status] = await once(held.child, 'close')
    assert.deepEqual([String(said), status], ['hello', 0])
  })
})
