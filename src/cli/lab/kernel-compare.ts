/** The kernels' rows beside those of the policies, as `lastword lab kernel` prints and draws them. */
import { access, constants, open, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  comparisonSvg,
  comparisonTable,
  policyCuts,
  policyNote,
  type WeightedRow,
} from '../../lab/kernel/cuts/compare.ts'
import { readRows } from '../../lab/kernel/cuts/row-files.ts'
import { messageOf } from '../../lab/kernel/message-of.ts'
import { LastwordError } from '../../protocol/error.ts'
import { printLine, printRow } from '../output.ts'
import type { KernelCutOptions } from './kernel-options.ts'

/** What the kernel says in a panic by an NMI. */
const PANIC_TEXT = 'NMI: Not continuing'

type Shown = Pick<KernelCutOptions, 'json' | 'svg'>

/** `notes` say what the policies' columns stand for. */
export async function showComparison(
  rows: readonly WeightedRow[],
  notes: readonly string[],
  { json, svg }: Shown,
): Promise<void> {
  const policyRows = policyCuts(PANIC_TEXT)
  if (json === true) for (const row of policyRows) printRow(row)
  else printLine(`\n${comparisonTable(rows, policyRows)}\n\n${notes.join('\n')}`)
  if (svg !== undefined) await writeFile(svg, comparisonSvg(rows, policyRows)).catch(unwritable)
}

/** `--from`: cuts nothing, but puts what other runs have printed into one table and one picture. */
export async function compareFiles(files: readonly string[], shown: Shown): Promise<void> {
  if (shown.svg !== undefined) await expectWritable(shown.svg)
  const rows = await readRows(files)
  await showComparison(rows, [...new Set(rows.map(row => policyNote(row)))], shown)
}

/** Told before minutes of cuts, not after them. */
export async function expectWritable(path: string): Promise<void> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  )
  // A file that is there is left as it is; of one that is not, its folder has to take it.
  await (isThere ? open(path, 'r+').then(file => file.close()) : access(dirname(path), constants.W_OK)).catch(
    unwritable,
  )
}

function unwritable(cause: unknown): never {
  throw new LastwordError('FILE_UNWRITABLE', `The picture cannot be written: ${messageOf(cause)}`, { cause })
}
