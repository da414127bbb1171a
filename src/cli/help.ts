/** Help texts, made from the declarations. */
import { below, type Group, type Subcommand } from './declare.ts'
import { connectionFlags, generalFlags, outputFlags } from './flags.ts'
import type { Param, Params } from './params.ts'
import { kebab } from './parse.ts'

const INDENT = '  '
/** What is longer stands on a line of its own. */
const MAX_LEFT = 34

type Line = readonly [left: string, right: string]

export function optionWords(name: string, { short, value, arity }: Param<unknown>): string {
  const letter = short === undefined ? '' : `-${short}, `
  return `${letter}--${kebab(name)}${arity === 'flag' ? '' : ` ${value}`}`
}

/** `<on|off> [SECONDS] [WORD…]`: what stands behind the command. */
export function argumentWords(args: Params): string {
  return Object.entries(args)
    .map(([name, { value, arity }]) => {
      const word = value === '' ? kebab(name) : value
      return arity === 'one' ? `<${word}>` : arity === 'optional' ? `[${word}]` : `[${word}…]`
    })
    .join(' ')
}

export function optionLines(flags: Params): Line[] {
  return Object.entries(flags).map(([name, param]) => [optionWords(name, param), param.summary])
}

function partLines({ parts }: Param<unknown>): Line[] {
  if (parts === undefined) return []
  return Object.entries(parts.named).map(([name, { arity, value, choices, summary }]) => {
    const words = arity === 'flag' ? '' : `${parts.joint}${choices?.join('|') ?? value}`
    return [`${INDENT}${name}${words}`, summary]
  })
}

function section(title: string, lines: readonly Line[], width: number): string {
  if (lines.length === 0) return ''
  const rows = lines.map(([left, right]) =>
    left.length > width
      ? `${INDENT}${left}
${INDENT}${' '.repeat(width)}${INDENT}${right}`
      : `${INDENT}${left.padEnd(width)}${INDENT}${right}`.trimEnd(),
  )
  return `\n${title}:\n${rows.join('\n')}\n`
}

function sections(parts: readonly (readonly [title: string, lines: readonly Line[]])[]): string {
  const lengths = parts.flatMap(([, lines]) => lines.map(([left]) => left.length))
  const width = Math.max(...lengths.filter(length => length <= MAX_LEFT))
  return parts.map(([title, lines]) => section(title, lines, width)).join('')
}

export function rootHelp(entries: readonly { name: string; summary: string }[]): string {
  return (
    'usage: lastword [options] <command> [words]\n\nThe IPMI stack for TypeScript, whose messages get out even in a panic.\n' +
    sections([
      ['Commands', entries.map(({ name, summary }) => [name, summary])],
      ['Connection', optionLines(connectionFlags)],
      ['Output', optionLines(outputFlags)],
      ['Also', optionLines(generalFlags)],
    ]) +
    '\nlastword <command> --help tells more of each.\n'
  )
}

export function groupHelp(path: string, group: Group): string {
  const { summary, whenAlone } = group
  const lines = below(group, '').map((child): Line => [usageOf(child), child.node.summary])
  const alone = whenAlone === undefined ? '' : `\nWithout a further word: ${path} ${whenAlone}.\n`
  return `usage: lastword [options] ${path} <command>\n\n${summary}\n${sections([['Commands', lines]])}${alone}`
}

function usageOf({ node, path }: ReturnType<typeof below>[number]): string {
  return node.kind === 'group' ? `${path} …` : `${path} ${argumentWords(node.args)}`.trim()
}

export function commandHelp(path: string, { summary, args, options, details }: Subcommand): string {
  const hasOptions = Object.keys(options).length > 0 ? ' [options]' : ''
  const usage = `${path} ${argumentWords(args)}`.trimEnd()
  const argLines = Object.entries(args).flatMap(([name, param]): Line[] => [
    [param.value || kebab(name), param.summary],
    ...partLines(param),
  ])
  const more = details === undefined ? '' : `\n${details}\n`
  return (
    `usage: lastword [connection] ${usage}${hasOptions}\n\n${summary}\n${more}` +
    (argLines.length + Object.keys(options).length === 0
      ? ''
      : sections([
          ['Arguments', argLines],
          ['Options', optionLines(options)],
        ])) +
    '\nConnection and output options: lastword --help\n'
  )
}
