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

function declared(name: string, summary: string, load: DeclaredEntry['load']): DeclaredEntry {
  return { kind: 'declared', name, summary, load }
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
    async () => (await import('./commands/chassis.ts')).chassis,
  ),
  declared('power', "the system's power", async () => (await import('./commands/power.ts')).power),
  declared(
    'sdr',
    'sensor data records and what their sensors read',
    async () => (await import('./commands/sdr.ts')).sdr,
  ),
  declared(
    'sensor',
    'sensors with their thresholds',
    async () => (await import('./commands/sensor.ts')).sensor,
  ),
  declared('sel', 'the System Event Log', async () => (await import('./commands/sel.ts')).sel),
  declared(
    'fru',
    'what the parts of the machine say of themselves',
    async () => (await import('./commands/fru.ts')).fru,
  ),
  declared('user', 'who may log in', async () => (await import('./commands/user.ts')).user),
  declared(
    'channel',
    'channels, their access and cipher suites',
    async () => (await import('./commands/channel.ts')).channel,
  ),
  declared('session', 'who is logged in', async () => (await import('./commands/session.ts')).session),
  declared(
    'event',
    'sends an event to the BMC, which logs it',
    async () => (await import('./commands/event.ts')).event,
  ),
  declared('decode', 'explains messages in words', async () => (await import('./commands/decode.ts')).decode),
  declared('lan', 'how a LAN channel is set up', async () => (await import('./commands/lan.ts')).lan),
  declared('sol', 'serial over LAN', async () => (await import('./commands/sol.ts')).sol),
  declared(
    'pef',
    'what the BMC does by itself about events',
    async () => (await import('./commands/pef.ts')).pef,
  ),
  declared(
    'dcmi',
    "power, identity and temperatures of a data centre's machine",
    async () => (await import('./commands/dcmi.ts')).dcmi,
  ),
  declared('raw', 'sends bytes and prints the answer', async () => (await import('./commands/raw.ts')).raw),
  declared(
    'exec',
    'runs the command lines of a file over one connection',
    async () => (await import('./commands/exec.ts')).exec,
  ),
  declared(
    'shell',
    'takes command lines from the terminal',
    async () => (await import('./commands/shell.ts')).shell,
  ),
  declared(
    'hosts',
    'the named hosts of the configuration file',
    async () => (await import('./commands/hosts.ts')).hosts,
  ),
  declared(
    'completion',
    'prints the completion script of a shell',
    async () => (await import('./commands/completion.ts')).completion,
  ),
  declared('man', 'prints the manual page', async () => (await import('./commands/man.ts')).man),
  commander('bmc', 'serves a simulated BMC', async () => (await import('./bmc.ts')).bmcCommand()),
  commander('lab', 'lets a host panic at every step and prints what became of it', async () =>
    (await import('./lab.ts')).labCommand(),
  ),
  commander('demo', 'what `npm start` shows', async () => (await import('./demo.ts')).demoCommand()),
]

export function findEntry(name: string): Entry | undefined {
  return registry.find(entry => entry.name === name)
}

/** All declared commands, for whoever describes them. */
export async function declaredCommands(): Promise<(Group | Subcommand)[]> {
  const entries = registry.filter(entry => entry.kind === 'declared')
  return Promise.all(entries.map(entry => entry.load()))
}
