/** The first words of the command line: what each is, and the module that is loaded only when it is asked for. */
import type { Command as CommanderCommand } from 'commander'
import type { Group, Subcommand } from './declare.ts'

interface Head {
  readonly name: string
  readonly summary: string
}

/** Talks to a BMC, or needs none: declared with `subcommand` and `group`. */
export interface DeclaredEntry extends Head {
  readonly kind: 'declared'
  load(): Promise<Group | Subcommand>
}

/** Has its own options: declared with commander. */
export interface CommanderEntry extends Head {
  readonly kind: 'commander'
  load(): Promise<CommanderCommand>
}

export type Entry = DeclaredEntry | CommanderEntry

/** In one module, for many small files take longer to load than they save; `mc`, which scripts begin with, alone. */
function commands() {
  return import('./commands/all.ts')
}

function declared(name: string, summary: string, load: DeclaredEntry['load']): DeclaredEntry {
  let loaded: ReturnType<typeof load> | undefined
  return { kind: 'declared', name, summary, load: () => (loaded ??= load()) }
}

function commander(name: string, summary: string, load: CommanderEntry['load']): CommanderEntry {
  return { kind: 'commander', name, summary, load }
}

export const registry: readonly Entry[] = [
  declared(
    'mc',
    'the BMC itself: who it is, reset, self test, watchdog',
    async () => (await import('./commands/mc.ts')).mc,
  ),
  declared(
    'chassis',
    'power, identification, restart and boot options',
    async () => (await commands()).chassis,
  ),
  declared('power', "the system's power", async () => (await commands()).power),
  declared('sdr', 'sensor data records and what their sensors read', async () => (await commands()).sdr),
  declared('sensor', 'sensors with their thresholds', async () => (await commands()).sensor),
  declared('sel', 'the System Event Log', async () => (await commands()).sel),
  declared('fru', 'what the parts of the machine say of themselves', async () => (await commands()).fru),
  declared('user', 'who may log in', async () => (await commands()).user),
  declared('channel', 'channels, their access and cipher suites', async () => (await commands()).channel),
  declared('session', 'who is logged in', async () => (await commands()).session),
  declared('event', 'sends an event to the BMC, which logs it', async () => (await commands()).event),
  declared('decode', 'explains messages in words', async () => (await commands()).decode),
  declared('lan', 'how a LAN channel is set up', async () => (await commands()).lan),
  declared('sol', 'serial over LAN', async () => (await commands()).sol),
  declared('pef', 'what the BMC does by itself about events', async () => (await commands()).pef),
  declared(
    'dcmi',
    "power, identity and temperatures of a data centre's machine",
    async () => (await commands()).dcmi,
  ),
  declared('raw', 'sends bytes and prints the answer', async () => (await commands()).raw),
  declared(
    'exec',
    'runs the command lines of a file over one connection',
    async () => (await commands()).exec,
  ),
  declared(
    'set',
    'gives a flag to the lines of exec and shell that follow',
    async () => (await commands()).set,
  ),
  declared('echo', 'prints its words', async () => (await commands()).echo),
  declared('help', 'what there is, or how a command is used', async () => (await commands()).help),
  declared('shell', 'takes command lines from the terminal', async () => (await commands()).shell),
  declared('hosts', 'the named hosts of the configuration file', async () => (await commands()).hosts),
  declared(
    'completion',
    'prints the completion script of a shell',
    async () => (await commands()).completion,
  ),
  declared('man', 'prints the manual page', async () => (await commands()).man),
  commander('bmc', 'serves a simulated BMC', async () => (await import('./bmc/bmc.ts')).bmcCommand()),
  commander('lab', 'lets a host panic at every step and prints what became of it', async () =>
    (await import('./lab/lab.ts')).labCommand(),
  ),
  commander('demo', 'what `npm start` shows', async () => (await import('./demo.ts')).demoCommand()),
]

export function findEntry(name: string): Entry | undefined {
  return registry.find(entry => entry.name === name)
}

/** ipmitool's `bmc` is another word for `mc`; here it serves a simulated BMC, unless a word of `mc` follows. */
export const alsoMeans: Readonly<Record<string, string>> = { bmc: 'mc' }

export async function withoutAlias(words: readonly string[]): Promise<readonly string[]> {
  const [first = '', second] = words
  const other = findEntry(alsoMeans[first] ?? '')
  if (other?.kind !== 'declared' || second === undefined) return words
  const node = await other.load()
  const isItsWord = node.kind === 'group' && node.commands.some(({ name }) => name === second)
  return isItsWord ? [other.name, ...words.slice(1)] : words
}

/** All declared commands, for whoever describes them. */
export async function declaredCommands(): Promise<(Group | Subcommand)[]> {
  const entries = registry.filter(entry => entry.kind === 'declared')
  return Promise.all(entries.map(entry => entry.load()))
}
