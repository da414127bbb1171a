/** Every word that ipmitool names in its help is a word here, or stands in docs/cli.md among those that are left out. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, it } from 'node:test'
import { ClientRig } from '../../lab/bmc/client-rig.ts'
import { describeNeeds } from '../../lab/kernel/needs-programs.ts'
import { runProgram } from '../../lab/kernel/run-program.ts'
import type { Group, Subcommand } from '../declare.ts'
import { globalFlags } from '../flags.ts'
import type { Param } from '../params.ts'
import { findEntry } from '../registry.ts'
import { helpTexts } from './help-words.test.fixture.ts'

/** From the list in docs/cli.md; without the words in capitals, which stand for values. */
function leftOutInDocs(): string[] {
  const text = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')
  const [, section = ''] = /## What of ipmitool is left out\n([\s\S]*?)\n## /.exec(text) ?? []
  const cells = section.split('\n').flatMap(line => (line.startsWith('| `') ? [line.split(' | ')[0]!] : []))
  return cells.flatMap(cell =>
    Array.from(cell.matchAll(/`([^`]+)`/g), match => match[1]!.replaceAll(/ [A-Z]+/g, '')),
  )
}

/** Whether a line is one of ours: commands by name, values by the words that they are declared to take. */
async function isOurs(line: string): Promise<boolean> {
  const [first, ...rest] = line.split(' ')
  const entry = findEntry(first!)
  if (entry === undefined) return false
  if (entry.kind === 'commander') return rest.length === 0
  return takes(await entry.load(), rest)
}

function takes(node: Group | Subcommand, words: readonly string[]): boolean {
  const [word, ...rest] = words
  if (word === undefined) return true
  if (node.kind === 'command') return takesValues(Object.values(node.args), words)
  const next = node.commands.find(({ name }) => name === word)
  if (next !== undefined) return takes(next, rest)
  return node.otherwise !== undefined && takes(node.otherwise, words)
}

function takesValues(args: readonly Param<unknown>[], words: readonly string[]): boolean {
  const [word, ...rest] = words
  if (word === undefined) return true
  const [arg, ...others] = args
  if (arg === undefined) return false
  const isKnown =
    word === '*' || (arg.choices ?? []).some(choice => choice.toLowerCase() === word.toLowerCase())
  return isKnown && takesValues(arg.arity === 'rest' ? args : others, rest)
}

describeNeeds('ipmitool')('the words of ipmitool', () => {
  let rig: ClientRig
  let named: string[]
  let options: string
  const leftOut = leftOutInDocs()
  const isLeftOut = (line: string) => {
    const plain = line.replaceAll(' *', '')
    return leftOut.some(words => plain === words || plain.startsWith(`${words} `))
  }

  before(async () => {
    rig = await ClientRig.start()
    const texts = new Map<string, string>()
    for (const args of new Set(helpTexts.map(([words]) => words))) {
      const { stdout, stderr } = await rig.ipmitool('lanplus', ...args.split(' '))
      texts.set(args, `${stdout}${stderr}`)
    }
    named = helpTexts.flatMap(([args, words]) => {
      const found = words(texts.get(args)!)
      assert.ok(found.length > 0, `no words in what ipmitool ${args} prints`)
      return found
    })
    options = String((await runProgram('ipmitool', ['-h'])).stderr)
  })
  after(() => rig[Symbol.asyncDispose]())

  it('are words here, or are left out with a reason', async () => {
    assert.ok(named.length > 250, String(named.length))
    const missing: string[] = []
    for (const line of new Set(named)) if (!isLeftOut(line) && !(await isOurs(line))) missing.push(line)
    assert.deepEqual(missing, [])
  })

  it('that are left out are in ipmitool, and not here', async () => {
    const commands = leftOut.filter(words => !words.startsWith('-'))
    assert.ok(commands.length > 15)
    for (const words of commands) {
      assert.ok(
        named.some(line => `${line.replaceAll(' *', '')} `.startsWith(`${words} `)),
        `${words}: ipmitool has it not`,
      )
      assert.ok(!(await isOurs(words)), `${words} is here, and on the list of what is left out`)
    }
  })

  it('include its flags, with a value where ipmitool takes one', () => {
    const flags = Array.from(options.matchAll(/^ {7}-(\w) ([\w:[\]]+ )?/gm), ([, letter, value]) => ({
      letter: letter!,
      hasValue: value !== undefined,
    }))
    assert.ok(flags.length > 35, String(flags.length))
    for (const { letter, hasValue } of flags) {
      const ours: Param<unknown> | undefined = Object.values(globalFlags).find(
        ({ short }: Param<unknown>) => short === letter,
      )
      assert.notEqual(ours !== undefined, leftOut.includes(`-${letter}`), `-${letter}`)
      if (ours !== undefined) assert.equal(ours.arity !== 'flag', hasValue, `-${letter}`)
    }
  })

  it('include its interfaces and authentication types', () => {
    const [, list = ''] = /^Interfaces:\n([\s\S]*?)\n\n/m.exec(options) ?? []
    const interfaces = Array.from(list.matchAll(/^\t([\w-]+) .*Interface/gm), match => ['-I', match[1]!])
    const types = /auth type (.*)$/m
      .exec(options)![1]!
      .toLowerCase()
      .split(/, | or /)
    assert.ok(interfaces.length > 5 && types.length === 5)
    for (const [letter, word] of [...interfaces, ...types.map(type => ['-A', type])]) {
      const flag: Param<unknown> = letter === '-I' ? globalFlags.interface : globalFlags.authType
      assert.notEqual(
        flag.choices!.includes(word!),
        leftOut.includes(`${letter} ${word}`),
        `${letter} ${word}`,
      )
    }
  })
})
