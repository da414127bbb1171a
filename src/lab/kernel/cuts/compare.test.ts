import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { steps } from '../../step.ts'
import { comparisonSvg, comparisonTable, policyCuts, policyNote } from './compare.ts'
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

  it('has a bar for each of several kernels, and for each panic_op', () => {
    const other = kernelRows.map(row => ({ ...row, kernel: '7.3.4' }))
    const event = kernelRows.map(row => ({ ...row, panicOp: 'event' }))
    const names = [
      ...comparisonSvg([...kernelRows, ...other, ...event], policyRows).matchAll(
        /<text x="12"[^>]*>([^<]+)</g,
      ),
    ]
    assert.deepEqual(names.map(([, name]) => name).slice(1), [
      ...['Linux 6.1.192 KCS', 'Linux 7.3.4 KCS', 'Linux 6.1.192 KCS, panic_op=event'],
      ...['none (lab, KCS)', 'drop (lab, KCS)', 'resend (lab, KCS)'],
    ])
  })

  it('has parts as wide as the instructions that their cuts stand for', () => {
    const [row] = kernelRows
    const rows = [
      { ...row!, outcome: 'recorded', instructions: 30 } as const,
      { ...row!, outcome: 'hang', instructions: 10 } as const,
    ]
    const bars = [
      ...comparisonSvg(rows, []).matchAll(/<rect x="[^"]+" y="\d+" width="([\d.]+)"[^>]*><title>([^<]+)</g),
    ]
    assert.equal(Number(bars[0]![1]) / Number(bars[1]![1]), 3)
    assert.deepEqual(
      bars.map(([, , title]) => title),
      ['before-1: last words whole, 75 % of the step', 'before-1: hangs, 25 % of the step'],
    )
  })

  it('says in which cases the policies are in another one than the kernel', () => {
    assert.match(policyNote({ interface: 'kcs', panicOp: 'string', cpus: 1 }), /one processor\.$/)
    assert.match(
      policyNote({ interface: 'bt', panicOp: 'event', watchdog: true, cpus: 2 }),
      /one processor: not the kernel's case, which has BT and panic_op=event and ipmi_watchdog and two processors\.$/,
    )
  })
})
