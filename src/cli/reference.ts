/** The generated part of docs/cli.md: every command, flag and exit status, made from the declarations. */
import { below, type Group, type Subcommand } from './declare.ts'
import { connectionFlags, generalFlags, outputFlags } from './flags.ts'
import { argumentWords, optionWords } from './help.ts'
import { leftOut } from './left-out.ts'
import { statusMeanings } from './output.ts'
import type { Params } from './params.ts'
import { declaredCommands, registry } from './registry.ts'

type Row = readonly string[]

/** Markdown, as Prettier would align it. */
export async function reference(): Promise<string> {
  const declared = await declaredCommands()
  const others = registry.filter(entry => entry.kind === 'commander')
  return [
    '## Commands',
    table(
      ['command', 'what it does', '`--format ipmitool`'],
      declared.flatMap(node => commandRows(node, node.name)),
    ),
    'And these, which have their own options (`--help`):',
    table(
      ['command', 'what it does'],
      others.map(({ name, summary }) => [code(name), summary]),
    ),
    '## Flags',
    ...[
      ['Connection', connectionFlags] as const,
      ['Output', outputFlags] as const,
      ['General', generalFlags] as const,
    ].flatMap(([title, flags]) => [`### ${title}`, table(['flag', 'meaning'], flagRows(flags))]),
    '## What of ipmitool is left out',
    'Asked for, these are refused with their reason and exit status 2.',
    table(
      ['in ipmitool', 'why it is left out'],
      leftOut.map(({ words, why }) => [words.map(code).join(', '), why]),
    ),
    '## Exit status',
    table(
      ['status', 'meaning'],
      statusMeanings.map(([status, meaning]) => [String(status), meaning]),
    ),
  ].join('\n\n')
}

function commandRows(node: Group | Subcommand, path: string): Row[] {
  if (node.kind === 'group') return below(node, path).flatMap(child => commandRows(child.node, child.path))
  const options = Object.entries(node.options).map(
    ([name, param]) => `; ${code(optionWords(name, param))}: ${param.summary}`,
  )
  return [
    [
      code(`${path} ${argumentWords(node.args)}`.trimEnd()),
      node.summary + options.join(''),
      node.ipmitool === undefined ? '' : 'yes',
    ],
  ]
}

function flagRows(flags: Params): Row[] {
  return Object.entries(flags).map(([name, param]) => [code(optionWords(name, param)), param.summary])
}

function code(text: string): string {
  return `\`${text}\``
}

function table(head: Row, unescaped: readonly Row[]): string {
  const rows = unescaped.map(row => row.map(cell => cell.replaceAll('|', '\\|')))
  const widths = head.map((title, index) => Math.max(title.length, ...rows.map(row => row[index]!.length)))
  const line = (cells: Row) => `| ${cells.map((cell, index) => cell.padEnd(widths[index]!)).join(' | ')} |`
  return [line(head), line(widths.map(width => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
