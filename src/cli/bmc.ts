/** `lastword bmc`: serves a simulated BMC until it is told to stop. */
import { Command, InvalidArgumentError } from 'commander'
import { Bmc } from '../bmc/bmc.ts'
import { hostPortText } from '../bmc/listen-error.ts'
import { VmServer, type VmServerOptions } from '../bmc/vm-server.ts'
import type { LastwordError } from '../protocol/error.ts'
import { logLimit } from './log-limit.ts'
import { printError, printRow } from './output.ts'

interface HostPort {
  host: string
  port: number
}

interface BmcCommandOptions {
  vm: HostPort
  state?: string
  json?: boolean
}

const TICK_MS = 100
const MAX_ERRORS = { lines: 10, periodMs: 10_000 }

export function bmcCommand(): Command {
  return new Command('bmc')
    .description('serves a simulated BMC')
    .requiredOption(
      '--vm <host:port>',
      "where QEMU's ipmi-bmc-extern connects to; port 0 picks a free one",
      hostPort,
    )
    .option(
      '--state <dir>',
      'keep the SEL and the settings here; without it they go with the process',
      directory,
    )
    .option('--json', 'say on standard output, as one JSON object, when it is ready')
    .action(serve)
}

function hostPort(text: string): HostPort {
  const match = /^(?:(.+):)?(\d+)$/.exec(text)
  const port = Number(match?.[2])
  if (match === null || port > 65535) throw new InvalidArgumentError('It takes HOST:PORT or PORT.')
  return { host: (match[1] ?? '127.0.0.1').replace(/^\[(.*)\]$/, '$1'), port }
}

function directory(text: string): string {
  if (text === '') throw new InvalidArgumentError('It takes a directory.')
  return text
}

/** A BMC that nobody can reach gives its state directory back. */
async function listenOrClose(bmc: Bmc, options: VmServerOptions): Promise<VmServer> {
  try {
    return await VmServer.listen(bmc, options)
  } catch (error) {
    bmc.close()
    throw error
  }
}

async function serve(options: BmcCommandOptions): Promise<void> {
  const mayPrint = logLimit({
    ...MAX_ERRORS,
    onLeftOut: count => process.stderr.write(`lastword: … and ${count} more errors\n`),
  })
  const onError = (error: LastwordError) => {
    if (mayPrint()) printError(error, 'short')
  }
  const bmc = new Bmc({
    onError,
    ...(options.state === undefined ? {} : { stateDir: options.state }),
    onDamage: ({ file, entriesKept, bytesSetAside, setAsideAs }) =>
      process.stderr.write(
        `lastword: ${file} was damaged: ${entriesKept} entries are kept, ${bytesSetAside} bytes cannot be read; ` +
          `the file as it was is now ${setAsideAs}\n`,
      ),
  })
  const server = await listenOrClose(bmc, {
    ...options.vm,
    onError,
    onVm: state =>
      process.stderr.write(`lastword: the VM ${state === 'connected' ? 'has connected' : 'is gone'}\n`),
  })
  const ticking = setInterval(() => bmc.tick(), TICK_MS)
  const stop = () => {
    clearInterval(ticking)
    void server.close().then(() => bmc.close())
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  const address = hostPortText(options.vm.host, server.port)
  if (options.json === true) printRow({ kind: 'ready', vm: address })
  else process.stderr.write(`lastword: a BMC serves the VM serial protocol on ${address}\n`)
}
