/** docs/cli.md tells what the declarations declare. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { it } from 'node:test'
import { below, type Group, type Subcommand } from './declare.ts'
import { reference } from './reference.ts'
import { declaredCommands } from './registry.ts'

const file = new URL('../../docs/cli.md', import.meta.url)
const MARK = /(<!-- What follows is made from the declarations.*-->\n)[\s\S]*/

it('docs/cli.md lists every command, flag and exit status as it is declared', async () => {
  const text = readFileSync(file, 'utf8')
  const expected = text.replace(MARK, '$1\n').concat(await reference(), '\n')
  if (process.env.LASTWORD_WRITE_DOCS) writeFileSync(file, expected)
  else {
    const lines = expected.split('\n')
    const wrong = text.split('\n').findIndex((line, index) => line !== lines[index])
    assert.equal(text === expected, true, `line ${wrong + 1} is not "${lines[wrong]}"`)
  }
})

it('each argument is a whole where a help lists it by itself: no bracket lacks its other', async () => {
  const argumentsOf = (node: Group | Subcommand): string[] =>
    node.kind === 'group'
      ? below(node, '').flatMap(child => argumentsOf(child.node))
      : Object.values(node.args).map(({ value }) => value)
  const halves = (await declaredCommands())
    .flatMap(argumentsOf)
    .filter(value => /[[\]<>]/.test(value.replace(/\[[^[\]]*\]/g, '')))
  assert.deepEqual(halves, [])
})
