/** The option tables of docs/bmc.md and docs/lab.md are held against what the commands take. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { Command } from 'commander'
import { bmcCommand } from './bmc/bmc.ts'
import { labCommand } from './lab/lab.ts'

const read = (file: string) => readFileSync(new URL(`../../docs/${file}`, import.meta.url), 'utf8')

/** What stands in the first cells of the rows that begin with an option. */
function tableCells(text: string): string[] {
  return [...text.matchAll(/^\| (`--.*?) +\|/gm)].map(match => match[1]!)
}

const namesIn = (text: string): string[] =>
  [...text.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([name]) => name)
const namesOf = (command: Command) => command.options.map(option => option.long!)

describe('the documentation of options', () => {
  it('has a row for each option of bmc, and no row for another', () => {
    const rows = tableCells(read('bmc.md').split('\n## ')[0]!).map(cell => cell.replaceAll('`', ''))
    assert.deepEqual(
      rows.toSorted(),
      bmcCommand()
        .options.map(option => option.flags)
        .toSorted(),
    )
  })

  it('has rows for options of lab and lab kernel only, and names all of them', () => {
    const text = read('lab.md')
    const lab = labCommand()
    const options = [lab, ...lab.commands].flatMap(namesOf)
    assert.deepEqual(
      tableCells(text)
        .flatMap(namesIn)
        .filter(name => !options.includes(name)),
      [],
    )
    const named = namesIn(text)
    assert.deepEqual(
      options.filter(name => !named.includes(name)),
      [],
    )
  })
})
