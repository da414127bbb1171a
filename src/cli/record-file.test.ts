/** Records that were written into a file come back from it: all of them, as they are on the BMC. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('./main.js', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'lastword-records-'))
after(() => rmSync(dir, { recursive: true }))

/** What each of the lines gives, on one simulated BMC; `flags` are those of them all. */
function results(lines: readonly string[], ...flags: readonly string[]): unknown[] {
  const words = ['-H', 'sim://', '--json', ...flags, 'exec', '-']
  const { stdout, stderr } = spawnSync(process.execPath, [main, ...words], {
    encoding: 'utf8',
    input: lines.join('\n'),
  })
  assert.equal(stderr, '')
  return (JSON.parse(stdout) as { result: unknown }[]).map(({ result }) => result)
}

/** Of events without what the BMC gives to each: its ID and its time. */
function told(events: unknown): unknown[] {
  return (events as Record<string, unknown>[]).map(({ id: _1, time: _2, ...event }) => event)
}

describe('a file of records', () => {
  it('of sel writeraw is read by sel readraw, byte for byte', () => {
    const file = join(dir, 'sel.raw')
    const lines = ['event 1', 'event 3', 'sel list', `sel writeraw ${file}`, `sel readraw ${file}`]
    const [, , listed, written, read] = results(lines)
    assert.deepEqual(read, listed)
    assert.deepEqual(written, { file, records: (listed as unknown[]).length })
  })

  it('of sel save is added by sel add', () => {
    const file = join(dir, 'sel.txt')
    const lines = ['event 1', 'event 3', 'sel list', `sel save ${file}`, 'sel clear', `sel add ${file}`]
    const [, , listed, , , added, again] = results([...lines, 'sel list'])
    const { length } = listed as unknown[]
    assert.equal((added as { added: number[] }).added.length, length)
    assert.deepEqual(told(again).slice(-length), told(listed))
  })

  it('of sdr dump stands in for the records of a BMC', () => {
    const file = join(dir, 'sdr.bin')
    const names = (list: unknown) => (list as { name: string }[]).map(({ name }) => name)
    const [listed, written] = results(['sdr list all', `sdr dump ${file}`])
    const [read] = results(['sdr list all'], '-S', file)
    assert.ok(names(listed).length > 40 && !names(listed).includes(''))
    assert.ok((written as { records: number }).records >= names(listed).length)
    assert.deepEqual(names(read), names(listed))
  })
})
