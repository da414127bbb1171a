import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Step } from '../../step.ts'
import type { Outcome } from './cut-bench.ts'
import { type KernelCutRow, singleWindows, summaryOf, windowsOf } from './rows.ts'

const row = (
  instruction: number,
  outcome: Outcome,
  step: Step = 'before-2',
  after = 'smi_send',
): KernelCutRow => ({
  kind: 'kernel-cut',
  kernel: '6.1.192',
  interface: 'kcs',
  panicOp: 'string',
  after,
  instruction,
  symbol: 'sender+0x1',
  step,
  outcome,
  executed: 0,
  silent: outcome === 'hang',
})

describe('the summary of cuts along a way', () => {
  it('joins hangs next to each other to windows, and parts them where the step or the count begins anew', () => {
    const rows = [
      row(0, 'recorded', 'before-1'),
      row(1, 'hang'),
      row(2, 'hang'),
      row(3, 'recorded', 'before-3'),
      row(4, 'hang', 'before-4'),
      row(5, 'hang', 'done'),
      row(0, 'hang', 'done', 'get_kcs_result'),
      row(1, 'incomplete', 'after-5', 'get_kcs_result'),
    ]
    assert.deepEqual(summaryOf('6.1.192', rows, windowsOf(rows), { strayed: 2 }), {
      kind: 'kernel-summary',
      kernel: '6.1.192',
      cuts: 8,
      hangs: 5,
      strayed: 2,
      windows: [
        { after: 'smi_send', from: 1, to: 2, step: 'before-2' },
        { after: 'smi_send', from: 4, to: 4, step: 'before-4' },
        { after: 'smi_send', from: 5, to: 5, step: 'done' },
        { after: 'get_kcs_result', from: 0, to: 0, step: 'done' },
      ],
    })
  })
})

describe('single cuts', () => {
  it('are windows of their own where they hang, for nothing between them was cut', () => {
    const rows = [
      row(50, 'hang', 'done', 'get_kcs_result'),
      row(10, 'hang', 'done', 'get_kcs_result'),
      row(0, 'recorded'),
    ]
    assert.deepEqual(singleWindows(rows), [
      { after: 'get_kcs_result', from: 50, to: 50, step: 'done' },
      { after: 'get_kcs_result', from: 10, to: 10, step: 'done' },
    ])
  })
})
