import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'

const interrupt = new URL('./interrupt.js', import.meta.url).href

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
