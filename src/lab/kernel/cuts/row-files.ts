/** The rows that runs with `--json` have printed, read back: several kernels for one table and one picture. */
import { readFile } from 'node:fs/promises'
import { LastwordError } from '../../../protocol/error.ts'
import { type Step, steps } from '../../step.ts'
import { messageOf } from '../message-of.ts'
import { nameOfKernel, type WeightedRow } from './compare.ts'
import { stateMachines } from './kernel-steps.ts'
import type { KernelCutRow } from './rows.ts'

/** Rows with a step, each kernel's in the order of the way, however many machines had shared it. */
export async function readRows(paths: readonly string[]): Promise<WeightedRow[]> {
  const byKernel = new Map<string, { path: string; rows: KernelCutRow[] }>()
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch(cause => {
      throw new LastwordError('NO_ROWS', `The rows cannot be read: ${messageOf(cause)}`, { cause })
    })
    for (const [name, rows] of rowsByName(rowsOf(text, path))) {
      const before = byKernel.get(name)
      if (before !== undefined) {
        throw new LastwordError('NO_ROWS', `${name} is in ${before.path} and again in ${path}`, {
          hint: 'Give one run of each kernel.',
        })
      }
      byKernel.set(name, { path, rows })
    }
  }
  return [...byKernel.values()].flatMap(({ rows }) => weighted(rows))
}

function rowsByName(rows: readonly KernelCutRow[]): Map<string, KernelCutRow[]> {
  const byName = new Map<string, KernelCutRow[]>()
  for (const row of rows) {
    const name = nameOfKernel(row)
    const some = byName.get(name)
    if (some === undefined) byName.set(name, [row])
    else some.push(row)
  }
  return byName
}

function rowsOf(text: string, path: string): KernelCutRow[] {
  const lines = text.split('\n')
  const rows = lines
    .filter(line => line.includes('"kernel-cut"'))
    .map(line => parsed(line, path))
    .filter(({ step }) => step !== null)
  if (rows.length > 0 && !lines.some(line => line.includes('"kernel-summary"'))) {
    throw new LastwordError('NO_ROWS', `${path} has no kernel-summary: its run was not finished`, {
      hint: 'Let the run come to its end; steps that it did not reach would be blank.',
    })
  }
  if (rows.length > 0) return rows
  throw new LastwordError('NO_ROWS', `${path} has no kernel-cut with a step in it`, {
    hint: 'Give what `lastword lab kernel --every-store --json`, or --compare --json, has printed.',
  })
}

function parsed(line: string, path: string): KernelCutRow {
  let row: Partial<KernelCutRow>
  try {
    row = JSON.parse(line)
  } catch (cause) {
    throw new LastwordError('NO_ROWS', `${path} has a line that is not whole: ${line.slice(0, 60)}`, {
      cause,
    })
  }
  const isWhole =
    typeof row.kernel === 'string' &&
    (row.interface === 'kcs' || row.interface === 'bt') &&
    typeof row.after === 'string' &&
    Number.isSafeInteger(row.instruction) &&
    typeof row.executed === 'number' &&
    ['recorded', 'incomplete', 'hang'].includes(String(row.outcome)) &&
    (row.step === null || steps.includes(row.step as Step))
  if (isWhole) return row as KernelCutRow
  throw new LastwordError('NO_ROWS', `${path} has a kernel-cut that is none: ${line.slice(0, 60)}`)
}

/** A row of `--every-store` says for how many it stands; of others each stands for those up to the next one. */
function weighted(rows: readonly KernelCutRow[]): WeightedRow[] {
  const ordered = rows.toSorted((a, b) => turnOf(a) - turnOf(b) || a.instruction - b.instruction)
  return ordered.map((row, index) => {
    const next = ordered[index + 1]
    const upToNext = next?.after === row.after ? Math.max(next.instruction - row.instruction, 1) : 1
    return { ...row, instructions: row.alike ?? upToNext }
  })
}

/** A way counts its instructions from three entries, one after another. */
function turnOf({ after, interface: way }: KernelCutRow): number {
  if (after === 'smi_send') return 0
  return after === stateMachines[way].result ? 1 : 2
}
