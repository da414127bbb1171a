/** Every subcommand works on a whole simulated BMC, for people and where it only reads as JSON too, and looks at all that it takes. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { admin, ClientRig } from '../lab/bmc/client-rig.ts'
import { encodeFru } from '../protocol/fru/inventory.ts'
import { commandLines, elsewhere, lonelyLines } from './command-lines.test.fixture.ts'
import { below, type Group, type Subcommand } from './declare.ts'
import type { Params } from './params.ts'
import { declaredCommands } from './registry.ts'
import { Session } from './session.ts'
import { splitWords } from './words.ts'

let rig: ClientRig
const sessions: Session[] = []

/** What is said on standard output and as remarks. */
interface Said {
  out: string
  remarks: string[]
}

function session(flags: Record<string, string[]> = {}): { said: Said; session: Session } {
  const said: Said = { out: '', remarks: [] }
  const login = { host: [rig.host], port: [String(rig.port)], user: [admin.name], passwordEnv: [''] }
  const env = {
    IPMITOOL_PASSWORD: admin.password,
    LASTWORD_HOSTS: join(rig.dir, 'none.yaml'),
    XDG_CACHE_HOME: rig.dir,
  }
  const made = new Session(new Map(Object.entries({ ...login, ...flags })), {
    env,
    signal: new AbortController().signal,
    print: async text => {
      said.out += text
    },
    warn: text => void said.remarks.push(text),
    report(error) {
      throw error
    },
  })
  sessions.push(made)
  return { said, session: made }
}

/** Which commands were run, and which of their arguments, options and settings they looked at. */
const ran = new Set<string>()
const read = new Set<string>()

function watched(values: Readonly<Record<string, unknown>>, path: string, params: Params): object {
  return new Proxy(values, {
    get(target, name: string) {
      read.add(`${path} ${name}`)
      const { parts } = params[name] ?? {}
      const value = target[name]
      if (parts === undefined || value === undefined) return value
      const given = Object.fromEntries(
        Object.entries(value as object).filter(([, part]) => part !== undefined),
      )
      return watched(given, `${path} ${name}`, parts.named)
    },
    ownKeys() {
      return assert.fail(`${path} takes all that there is; it has to name what it takes`)
    },
  })
}

function watch(node: Group | Subcommand, path: string): void {
  if (node.kind === 'group') {
    for (const child of below(node, path)) watch(child.node, child.path)
    return
  }
  const run = node.run.bind(node)
  const all = { ...node.args, ...node.options }
  Object.assign(node, {
    run(context: Parameters<typeof run>[0], values: Readonly<Record<string, unknown>>) {
      ran.add(path)
      return run(context, watched(values, path, all) as typeof values)
    },
  })
}

/** All that can be given, each behind its command. */
function takes(node: Group | Subcommand, path: string): string[] {
  if (node.kind === 'command')
    return Object.entries({ ...node.args, ...node.options }).flatMap(([name, { parts }]) => [
      `${path} ${name}`,
      ...Object.keys(parts?.named ?? {}).map(part => `${path} ${name} ${part}`),
    ])
  return below(node, path).flatMap(child => takes(child.node, child.path))
}

function leaves(node: Group | Subcommand, path: string): string[] {
  if (node.kind === 'command') return [path]
  return below(node, path).flatMap(child => leaves(child.node, child.path))
}

const isElsewhere = (path: string) => elsewhere.some(words => path === words || path.startsWith(`${words} `))

let people: ReturnType<typeof session>
let programs: ReturnType<typeof session>

before(async () => {
  rig = await ClientRig.start({ sol: 'echo' })
  for (const node of await declaredCommands()) watch(node, node.name)
  const files: Readonly<Record<string, string | Uint8Array>> = {
    'events.txt':
      '4 0x0c 0x53 0x6f 0 0xff 0xff # a remark\n0 0 2 0 0 0 0 0x41 0 4 0x0c 0x53 0x6f 1 0xff 0xff\n',
    'shelf.txt':
      '0x001F: Event: at Mar 27 06:41:10 2007;from:(0x9a,0,7); sensor:(0xc3,119); event:0x6f(asserted): 0xA3 0x00 0x88\n',
    'internal.fru': encodeFru({ internalUse: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), multiRecords: [] }, 64),
    lines: 'mc guid\necho done\n',
    'empty.pcap': Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex'),
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(rig.dir, name), content)
  people = session()
  programs = session({ json: [''] })
})
after(async () => {
  for (const made of sessions) await made[Symbol.asyncDispose]()
  await rig[Symbol.asyncDispose]()
})

const words = (line: string) => splitWords(line.replaceAll('@', rig.dir))

/** What a line prints. */
async function printed(on: ReturnType<typeof session>, ...line: string[]): Promise<string> {
  on.said.out = ''
  await on.session.run(line, 'lines')
  assert.deepEqual(on.said.remarks, [], line.join(' '))
  return on.said.out
}

describe('on a simulated BMC works', () => {
  for (const [group, { reads = [], changes = [] }] of Object.entries(commandLines)) {
    it(`${group}, in ${reads.length + changes.length} lines`, async () => {
      for (const line of reads) {
        assert.notEqual(await printed(people, group, ...words(line)), '', `${group} ${line}`)
        const json = await printed(programs, group, ...words(line))
        assert.notEqual(JSON.parse(json), null, `${group} ${line}`)
      }
      for (const line of changes) await printed(people, group, ...words(line))
    })
  }

  it(`set, in ${lonelyLines.length} lines`, async () => {
    for (const line of lonelyLines) await printed(session(), ...words(line))
  })

  it('what was changed is there afterwards', async () => {
    const users = JSON.parse(await printed(programs, 'user', 'list', '1')) as { name: string }[]
    assert.ok(users.some(({ name }) => name === 'bob'))
    const shown: readonly [line: string, what: RegExp][] = [
      ['dcmi asset_tag', /rack7/],
      ['lan print 1', /10\.1\.2\.3/],
      ['sensor get "Inlet Temp"', /47/],
      ['chassis status', /always.on/],
      ['mc getsysinfo os_name', /^Debian 13 with a name of more than one block$/m],
      ['fru print 0', /Box/],
      ['pef filter list', /3 +yes .* critical|0x10 .* 2 +alert, power down/],
    ]
    for (const [line, what] of shown) assert.match(await printed(people, ...words(line)), what)
  })

  it('every subcommand, but for those that have a test of their own', async () => {
    const all = (await declaredCommands()).flatMap(node => leaves(node, node.name))
    assert.ok(all.length > 150, String(all.length))
    assert.deepEqual(
      all.filter(path => !ran.has(path) && !isElsewhere(path)),
      [],
    )
  })

  it('looks at every argument, option and setting that is declared', async () => {
    const all = (await declaredCommands()).flatMap(node => takes(node, node.name))
    assert.ok(all.length > 200, String(all.length))
    assert.deepEqual(
      all.filter(path => !read.has(path) && !isElsewhere(path)),
      [],
    )
  })
})
