import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { MsgHandler } from '../handler/handler.ts'
import { Trace } from '../machine/trace.ts'
import { SiDriver } from '../si/driver.ts'
import { KcsMachine } from '../si/kcs.ts'
import { QtestPort } from './qtest-port.ts'

/**
 * Runs `test` on a port whose other end gives one answer to each line. With the last answer it stops reading; where
 * that is null, it reads the line and is gone.
 */
function onPort(answers: readonly (string | null)[], test: (port: QtestPort) => void): void {
  const dir = mkdtempSync(join(tmpdir(), 'lastword-qtest-port-'))
  const path = join(dir, 'q')
  spawnSync('mkfifo', [`${path}.in`, `${path}.out`])
  const steps = answers.map((answer, index) => {
    const closes = index === answers.length - 1 ? 'exec 3<&-;' : ''
    return `read -r line <&3; ${closes} ${answer === null ? '' : `printf '%s\\n' '${answer}' >&4;`}`
  })
  const script = `exec 3<"$1.in" 4>"$1.out"; ${steps.join(' ')}`
  const other = spawn('sh', ['-c', script, 'sh', path], { stdio: 'ignore' })
  try {
    const port = new QtestPort({ path, base: 0xca2 })
    test(port)
    port.close()
  } finally {
    other.kill()
    rmSync(dir, { recursive: true })
  }
}

describe('a port over qtest', () => {
  it('reads what QEMU answers, whatever interrupt lines come between', () => {
    onPort(['OK 0x1c', 'IRQ raise 4\nOK 0x00ff'], port => {
      assert.equal(port.inb(1), 0x1c)
      assert.equal(port.inb(0), 0xff)
    })
  })

  for (const answer of ['OK', 'OK many', 'OK 0x100', 'OK -1', 'OK 1.5', 'FAIL what?']) {
    it(`takes no number for a byte that is none ("${answer}"), and names the line`, () => {
      onPort([answer], port => {
        assert.throws(() => port.inb(1), { code: 'QTEST', message: /"inb 0xca3"/ })
      })
    })
  }

  it('says that QEMU is gone, whether it takes no more or gives no answer', () => {
    onPort(['OK 0x00'], port => {
      port.inb(0)
      assert.throws(() => port.inb(0), { code: 'QTEST', message: /does not take "inb 0xca2": EPIPE/ })
    })
    onPort([null], port => {
      assert.throws(() => port.outb(0, 0x61), {
        code: 'QTEST',
        message: 'QEMU is gone; it did not answer "outb 0xca2 0x61"',
      })
    })
  })

  it('says which FIFO is not there', () => {
    assert.throws(() => new QtestPort({ path: '/nowhere/q', base: 0 }), {
      code: 'QTEST',
      message: /^\/nowhere\/q\.in cannot be opened/,
    })
  })

  it('ends a request with the reason when QEMU dies', () => {
    onPort(['OK 0x00'], port => {
      const trace = new Trace()
      const driver = new SiDriver(new KcsMachine(port, trace), trace, { events: 'off' })
      const handler = new MsgHandler(driver, trace)
      driver.poll(0)
      let error: { code: string; message: string } | null = null
      handler.createUser().send({ netFn: 0x06, cmd: 0x01 }, reply => {
        error = reply.error
      })
      driver.poll(0)
      handler.work()
      assert.ok(error !== null)
      const { code, message } = error as { code: string; message: string }
      assert.equal(code, 'INTERFACE_HOSED')
      assert.match(message, /QEMU .* "inb 0xca3"/)
      assert.equal(handler.pool.live, 0)
    })
  })
})
