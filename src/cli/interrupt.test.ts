import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const interrupt = new URL('./interrupt.js', import.meta.url).href

const lastword = fileURLToPath(new URL('../bin/lastword.cjs', import.meta.url))

/** A process whose work says when it is told to stop, and what it does then. */
function working(whenTold: string) {
  const code = `
    const { interruptible } = await import('${interrupt}')
    await interruptible(signal => new Promise((resolve, reject) => {
      const busy = setInterval(() => {}, 1000)
      const end = () => { clearInterval(busy); reject(new Error('stopped')) }
      signal.addEventListener('abort', () => { console.log('told'); ${whenTold} })
      console.log('working')
    }))`
  return spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'pipe'] })
}

describe('work that Ctrl-C reaches', () => {
  it('cleans up, and the status says that it was interrupted', async () => {
    const child = working('end()')
    await once(child.stdout, 'data')
    child.kill('SIGINT')
    const [status] = await once(child, 'close')
    assert.equal(status, 130)
  })

  for (const [code, expected] of [
    ['EPIPE', '0 undefined'],
    ['EIO', '1 OUTPUT_UNWRITABLE'],
  ])
    it(`cleans up too where standard output cannot be written any more: ${code}`, async () => {
      const failing = `
        const { interruptible } = await import('${interrupt}')
        const { exitStatusOf } = await import('${interrupt.replace('interrupt.js', 'output.js')}')
        let failure
        await interruptible(signal => new Promise((resolve, reject) => {
          const busy = setInterval(() => {}, 1000)
          signal.addEventListener('abort', () => { clearInterval(busy); reject(signal.reason) })
          process.stdout.emit('error', Object.assign(new Error('no'), { code: '${code}' }))
        })).catch(error => { failure = error })
        console.error(failure ? exitStatusOf(failure) : process.exitCode, failure?.code)`
      const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', failing], {
        encoding: 'utf8',
      })
      assert.equal(stderr, `${expected}\n`)
    })

  for (const flags of [[], ['-4']])
    it(`ends while a name is looked up, though the system goes on looking: ${flags.join(' ') || 'any family'}`, async () => {
      const dir = mkdtempSync(join(tmpdir(), 'lastword-interrupt-'))
      try {
        // As getaddrinfo does while no name server answers, it keeps a thread that the end of a process waits for.
        const silent = join(dir, 'silent')
        assert.equal(spawnSync('mkfifo', [silent]).status, 0)
        const looking = join(dir, 'looking.mjs')
        writeFileSync(
          looking,
          `import dns from 'node:dns/promises'
          import { open } from 'node:fs/promises'
          import { syncBuiltinESMExports } from 'node:module'
          dns.lookup = () => {
            console.log('looking')
            return open(${JSON.stringify(silent)})
          }
          syncBuiltinESMExports()`,
        )
        const words = [lastword, ...flags, '-H', 'bmc.example.test', '-U', 'admin', '-E', 'mc', 'info']
        const child = spawn(process.execPath, ['--import', looking, ...words], {
          stdio: ['ignore', 'pipe', 'pipe'],
          env: { ...process.env, IPMI_PASSWORD: 'secret123' },
          timeout: 20_000,
          killSignal: 'SIGKILL',
        })
        const told = text(child.stderr)
        await once(child.stdout, 'data')
        child.kill('SIGINT')
        // A shell has 130 of it.
        assert.deepEqual(await once(child, 'exit'), [null, 'SIGINT'])
        assert.equal(await told, 'lastword: interrupted; nothing was left behind\n')
      } finally {
        rmSync(dir, { recursive: true })
      }
    })

  it('and that does not end is ended by a second one', async () => {
    const child = working('')
    await once(child.stdout, 'data')
    child.kill('SIGINT')
    await once(child.stdout, 'data')
    child.kill('SIGINT')
    const [status] = await once(child, 'close')
    assert.equal(status, 130)
  })
})
