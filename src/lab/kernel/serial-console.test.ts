import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { ConsoleLines, SerialConsole } from './serial-console.ts'

function openConsole(options: { keepLines?: number } = {}) {
  const input = new PassThrough()
  const output = new PassThrough()
  return { input, output, console: new SerialConsole(input, output, options) }
}

describe('console lines', () => {
  it('have no carriage returns and no colours, however they are cut', () => {
    const lines = new ConsoleLines()
    assert.deepEqual(lines.push('one\r\n\x1b[31mtw'), ['one'])
    assert.deepEqual(lines.push('o\x1b[0m\r\nthr'), ['two'])
    assert.equal(lines.unfinished, 'thr')
  })

  it('that never end are cut', () => {
    const cut = new ConsoleLines().push('x'.repeat(10_000))
    assert.deepEqual(
      cut.map(line => line.length),
      [4096, 4096],
    )
  })
})

describe('the serial console', () => {
  it('waits for a line, and does not give the same one twice', async () => {
    const { input, console } = openConsole()
    input.write('ready\nready again\n')
    assert.equal(await console.waitFor('ready'), 'ready')
    assert.equal(await console.waitFor(/^ready/), 'ready again')
  })

  it('waits as long as the machine goes on printing', async () => {
    const { input, console } = openConsole()
    const printing = setInterval(() => input.write('.\n'), 10)
    setTimeout(() => input.write('done\n'), 150)
    try {
      assert.equal(await console.waitFor('done', { quietMs: 100 }), 'done')
    } finally {
      clearInterval(printing)
    }
  })

  it('gives up when the machine falls silent, with its last words', async () => {
    const { input, console } = openConsole()
    input.write('Loading\n')
    await assert.rejects(console.waitFor('never', { quietMs: 20 }), {
      code: 'CONSOLE_QUIET',
      message: /Loading/,
    })
  })

  it('gives up at its limit though the machine goes on printing', async () => {
    const { input, console } = openConsole()
    const printing = setInterval(() => input.write('.\n'), 5)
    try {
      await assert.rejects(console.waitFor('never', { limitMs: 60 }), { code: 'CONSOLE_QUIET' })
    } finally {
      clearInterval(printing)
    }
  })

  it('ends a wait when the machine is gone or the caller aborts', async () => {
    const { input, console } = openConsole()
    const aborted = console.waitFor('never', { signal: AbortSignal.timeout(10) })
    await assert.rejects(aborted, { code: 'ABORTED' })
    const waiting = console.waitFor('never')
    input.destroy()
    await assert.rejects(waiting, { code: 'CONSOLE_CLOSED' })
  })

  it('keeps a bounded number of lines, and the unfinished one', async () => {
    const { input, console } = openConsole({ keepLines: 3 })
    input.write('1\n2\n3\n4\n\npartial')
    await console.waitFor('4')
    assert.deepEqual(console.lines, ['3', '4', '', 'partial'])
    assert.deepEqual(console.tail(2), ['4', 'partial'])
  })

  it('is followed line by line until the machine is gone', async () => {
    const { input, console } = openConsole()
    const followed: string[] = []
    const following = (async () => {
      for await (const line of console.follow()) followed.push(line)
    })()
    input.write('a\nb\n')
    setTimeout(() => input.end('c\n'), 10)
    await following
    assert.deepEqual(followed, ['a', 'b', 'c'])
  })

  it('types what it is told', () => {
    const { output, console } = openConsole()
    console.tell('go')
    assert.equal(String(output.read()), 'go\n')
  })
})
