import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
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
