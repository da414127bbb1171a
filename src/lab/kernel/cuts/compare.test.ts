import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { steps } from '../../step.ts'
import { comparisonSvg, comparisonTable, policyCuts } from './compare.ts'
import type { Outcome } from './cut-bench.ts'
import type { KernelCutRow } from './rows.ts'

/** What docs/panic.md has measured of stock kernels. */
const measured: readonly Outcome[] = [
  'recorded',
  'hang',
  'recorded',
  'hang',
  'recorded',
  'hang',
  'hang',
  'recorded',
]
const kernelRows = steps.map(
  (step, at): KernelCutRow => ({
    kind: 'kernel-cut',
    kernel: '6.1.192',
    interface: 'kcs',
    panicOp: 'string',
    after: 'smi_send',
    instruction: at,
    symbol: 'sender',
    step,
    outcome: measured[at]!,
    executed: [0, 0, 1, 0, 1, 1, 1, 1][at]!,
    silent: measured[at] === 'hang',
  }),
)
const policyRows = policyCuts('NMI: Not continuing')

describe('the kernel beside the policies', () => {
  it('fares step for step as none, and neither drop nor resend hangs or is incomplete anywhere', () => {
    const of = (policy: string) =>
      policyRows.filter(row => row.policy === policy).map(({ outcome }) => outcome)
    assert.deepEqual(of('none'), measured)
    for (const policy of ['drop', 'resend']) assert.deepEqual(new Set(of(policy)), new Set(['recorded']))
  })

  it('is one table with a row for each step', () => {
    const lines = comparisonTable(kernelRows, policyRows).split('\n')
    assert.equal(lines.length, 2 + steps.length)
    assert.match(lines[0]!, /Linux 6\.1\.192 KCS +none \(lab, KCS\) +drop \(lab, KCS\) +resend \(lab, KCS\)$/)
    const cells = lines.slice(2).map(line => line.split(/ {2,}/).slice(-4))
    for (const [kernel, none] of cells) assert.equal(kernel, none)
    assert.deepEqual(cells[1], [
      'HANGS, nothing recorded, request lost',
      'HANGS, nothing recorded, request lost',
      'last words whole, request lost',
      'last words whole',
    ])
  })

  it('is one picture, whose red is the kernel’s and none’s alone', () => {
    const svg = comparisonSvg(kernelRows, policyRows)
    const rows = svg.split('\n').filter(line => /<rect.*<title>/.test(line))
    assert.equal(rows.length, 4 * steps.length)
    const y = (line: string) => Number(/ y="(\d+)"/.exec(line)![1])
    const heights = [...new Set(rows.map(y))]
    const red = heights.map(
      height => rows.filter(line => y(line) === height && line.includes('hangs')).length,
    )
    assert.deepEqual(red, [4, 4, 0, 0])
  })
})
