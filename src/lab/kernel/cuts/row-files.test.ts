import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readRows } from './row-files.ts'

const cut = (kernel: string, place: string, instruction: number, more: object = {}) =>
  JSON.stringify({
    kind: 'kernel-cut',
    kernel,
    interface: 'kcs',
    panicOp: 'string',
    after: place,
    instruction,
    symbol: 'sender',
    step: 'before-2',
    outcome: 'recorded',
    executed: 1,
    silent: false,
    ...more,
  })

const summary = JSON.stringify({ kind: 'kernel-summary', kernel: '6.1', cuts: 4 })

describe('the rows of other runs', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lastword-test-'))
  })
  after(() => rm(folder, { recursive: true }))

  async function file(name: string, ...lines: string[]): Promise<string> {
    const path = join(folder, name)
    await writeFile(path, lines.map(line => `${line}\n`).join(''))
    return path
  }

  it("are each kernel's in the order of its way, with the instructions that each stands for", async () => {
    const one = await file(
      'one.jsonl',
      cut('6.1', 'smi_recv_tasklet', 0),
      cut('6.1', 'smi_send', 30, { alike: 7 }),
      cut('6.1', 'get_kcs_result', 4),
      cut('6.1', 'smi_send', 2),
      cut('6.1', 'random', 1, { step: null }),
      summary,
    )
    const other = await file('other.jsonl', cut('6.12', 'smi_send', 0), '{"kind":"policy-cut"}', summary)
    const rows = await readRows([one, other])
    assert.deepEqual(
      rows.map(({ kernel, after, instruction, instructions }) => [kernel, after, instruction, instructions]),
      [
        ['6.1', 'smi_send', 2, 28],
        ['6.1', 'smi_send', 30, 7],
        ['6.1', 'get_kcs_result', 4, 1],
        ['6.1', 'smi_recv_tasklet', 0, 1],
        ['6.12', 'smi_send', 0, 1],
      ],
    )
  })

  it('are refused where they are none, are cut off, are of a run that did not end, come twice, or cannot be read', async () => {
    const broken = [
      ['text', 'no rows'],
      ['short', cut('6.1', 'smi_send', 1).slice(0, 60)],
      ['step', cut('6.1', 'smi_send', 1, { step: 'before-9' })],
      ['outcome', cut('6.1', 'smi_send', 1, { outcome: 'lost' })],
    ] as const
    for (const [name, line] of broken) {
      await assert.rejects(readRows([await file(name, line)]), { code: 'NO_ROWS' }, name)
    }
    const whole = await file('whole', cut('6.1', 'smi_send', 1), summary)
    const again = await file('again', cut('6.1', 'smi_send', 2), summary)
    const unfinished = await file('unfinished', cut('6.1', 'smi_send', 1))
    await assert.rejects(readRows([unfinished]), { code: 'NO_ROWS', message: /not finished/ })
    await assert.rejects(readRows([whole, again]), { code: 'NO_ROWS', message: /6\.1.* and again in/ })
    await assert.rejects(readRows([whole, whole]), { code: 'NO_ROWS', message: /and again in/ })
    await assert.rejects(readRows([folder]), { code: 'NO_ROWS', message: /cannot be read/ })
  })
})
