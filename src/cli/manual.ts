/** The manual page in mdoc, made from the declarations. */
import { below, type Group, type Subcommand } from './declare.ts'
import { connectionFlags, generalFlags, outputFlags } from './flags.ts'
import { argumentWords } from './help.ts'
import { statusMeanings } from './output.ts'
import type { Param, Params } from './params.ts'
import { kebab } from './parse.ts'
import { declaredCommands, registry } from './registry.ts'

export async function manualPage(): Promise<string> {
  const declared = await declaredCommands()
  const others = registry.filter(entry => entry.kind === 'commander')
  return [
    '.Dd November 25, 2026',
    '.Dt LASTWORD 1',
    '.Os',
    '.Sh NAME',
    '.Nm lastword',
    '.Nd talks to management controllers over IPMI, simulates one, and gets last words into its log',
    '.Sh SYNOPSIS',
    '.Nm',
    '.Op options',
    '.Ar command',
    '.Op words',
    '.Sh DESCRIPTION',
    '.Nm',
    'speaks IPMI 1.5 and 2.0 to a management controller (BMC),',
    'over the network or from inside its host.',
    'Its commands and the letters of its flags are those of',
    '.Xr ipmitool 1 .',
    'Flags may stand before or behind the command.',
    '.Ss Connection',
    ...optionList(connectionFlags),
    '.Ss Output',
    ...optionList(outputFlags),
    '.Ss General',
    ...optionList(generalFlags),
    '.Sh COMMANDS',
    '.Bl -tag -width Ds',
    ...declared.flatMap(node => commandItems(node, node.name)),
    ...others.flatMap(({ name, summary }) => [`.It Cm ${roff(name)}`, `${sentence(summary)}`]),
    '.El',
    '.Sh ENVIRONMENT',
    '.Bl -tag -width Ds',
    '.It Ev IPMITOOL_PASSWORD , IPMI_PASSWORD',
    'The password, the first of them that is set.',
    '.It Ev IPMI_KGKEY',
    'The key Kg for',
    '.Fl K .',
    '.It Ev LASTWORD_HOSTS',
    'The file of named hosts.',
    '.El',
    '.Sh FILES',
    '.Bl -tag -width Ds',
    '.It Pa ~/.config/lastword/hosts.yaml',
    'Named hosts; docs/cli.md of the package tells what it holds.',
    '.El',
    '.Sh EXIT STATUS',
    '.Bl -tag -width Ds',
    ...statusMeanings.flatMap(([status, meaning]) => [`.It ${status}`, sentence(meaning)]),
    '.El',
    '.Sh SEE ALSO',
    '.Xr ipmitool 1',
    '',
  ]
    .flatMap(wrap)
    .join('\n')
}

const MAX_LINE = 80

/** Text lines of no more than 80 letters; a macro's line stays whole. */
function wrap(line: string): string[] {
  if (line.length <= MAX_LINE || line.startsWith('.')) return [line]
  const cut = line.lastIndexOf(' ', MAX_LINE)
  return cut <= 0 ? [line] : [line.slice(0, cut), ...wrap(line.slice(cut + 1))]
}

function commandItems(node: Group | Subcommand, path: string): string[] {
  if (node.kind === 'group') {
    return below(node, path).flatMap(child => commandItems(child.node, child.path))
  }
  const words = argumentWords(node.args)
  const head = `.It Cm ${roff(path)}${words === '' ? '' : ` Ar ${roff(alternatives(words))}`}`
  const options = Object.entries(node.options).flatMap(([name, param]) => [
    '.Pp',
    `${optionText(name, param)}: ${roff(sentence(param.summary))}`,
  ])
  return [head, roff(sentence(node.summary)), ...options]
}

function optionList(flags: Params): string[] {
  const items = Object.entries(flags).flatMap(([name, param]) => {
    const letter = param.short === undefined ? '' : `Fl ${param.short} , `
    const value = param.arity === 'flag' ? '' : ` Ar ${roff(alternatives(param.value))}`
    return [`.It ${letter}Fl \\-${kebab(name)}${value}`, roff(sentence(param.summary))]
  })
  return ['.Bl -tag -width Ds', ...items, '.El']
}

function optionText(name: string, { value, arity }: Param<unknown>): string {
  return roff(`--${kebab(name)}${arity === 'flag' ? '' : ` ${alternatives(value)}`}`)
}

/** Blanks, so that a line can break between many of them. */
function alternatives(words: string): string {
  return words.replaceAll('|', ' | ')
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1)
  return capital.endsWith('.') ? capital : `${capital}.`
}

/** Backslashes, dashes and a dot or quote at the beginning mean something to roff. */
function roff(text: string): string {
  return (
    text
      .replaceAll('\\', '\\e')
      .replaceAll('-', '\\-')
      .replaceAll('…', '...')
      // At the end of a word a bracket would be taken for punctuation.
      .replace(/\](?=\s|$)/g, ']\\&')
      .replace(/^(['.])/, '\\&$1')
  )
}
