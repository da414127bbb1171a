/** Follows a guest from power-on to the point where its IPMI interface answers, and reads the symbols it prints. */
import { gunzipSync } from 'node:zlib'
import { LastwordError } from '../../protocol/error.ts'
import { marker } from './init-script.ts'
import type { ConsoleWait, SerialConsole } from './serial-console.ts'
import { SymbolTable } from './symbols.ts'
import type { VirtualMachine } from './virtual-machine.ts'

export interface BootOptions extends ConsoleWait {
  /** Whether the guest prints symbols; as in `InitOptions`. Default: `silent`. */
  symbols?: 'silent' | 'printed'
}

export interface BootedGuest {
  /** What `uname -r` says. */
  release: string
  /** Empty when the guest prints none. */
  symbols: SymbolTable
}

/** A booting kernel prints a line at least so often, even on a slow and busy computer. */
const quietMs = 30_000
const limitMs = 300_000
/** Drivers that find nobody give up one place after another, and say nothing meanwhile. */
const searchMs = 40_000
/** While it packs and prints its symbols the console is silent: seconds, or a minute on a busy computer. */
const symbolsMs = 120_000

/** Waits until the guest found its interface. A kernel that stops printing has failed, however long it may take. */
export async function waitForInterface(
  machine: Pick<VirtualMachine, 'console' | 'readSecondSerial'>,
  options: BootOptions = {},
): Promise<BootedGuest> {
  const { console } = machine
  const wait = { quietMs, limitMs, ...options }
  const booted = await console.waitFor(marker.booted, wait).catch(error => {
    throw notBooted(error, console)
  })
  const found = await console.waitFor(
    line => line.includes(marker.interfaceFound) || line.includes(marker.interfaceMissing),
    { ...wait, quietMs: wait.quietMs + searchMs },
  )
  if (found.includes(marker.interfaceMissing)) throw interfaceMissing(console)
  if (options.symbols === 'printed') {
    await console.waitFor(marker.symbolsPrinted, { ...wait, quietMs: wait.quietMs + symbolsMs })
  }
  const release = booted.slice(booted.indexOf(marker.booted) + marker.booted.length).trim()
  const symbols = options.symbols === 'printed' ? unpackSymbols(await machine.readSecondSerial()) : none
  return { release, symbols }
}

const none = new SymbolTable([])

function unpackSymbols(packed: Buffer): SymbolTable {
  try {
    return SymbolTable.parse(gunzipSync(packed).toString('latin1'))
  } catch (cause) {
    if (cause instanceof LastwordError) throw cause
    const message = "The guest's symbols arrived damaged at its second serial port; boot it again"
    throw new LastwordError('SYMBOLS_UNREADABLE', message, { cause })
  }
}

function interfaceMissing(console: SerialConsole): LastwordError {
  const stripped = console.tail(13).find(line => /module has no symbols/.test(line))
  if (stripped !== undefined) {
    const said = stripped.replace(/^\[[^\]]*\] */, '').trim()
    return new LastwordError('SYMBOLS_STRIPPED', `The kernel did not take its IPMI modules: '${said}'`, {
      hint: 'Take modules that were not stripped of their symbol table.',
    })
  }
  const hint = console.tail(13).findLast(line => /ipmi_/.test(line))
  return new LastwordError(
    'INTERFACE_MISSING',
    `The kernel booted, but its driver found no IPMI interface${hint ? `: '${hint.trim()}'` : ''}; ` +
      'is a BMC listening where the machine was told to connect?',
  )
}

function notBooted(error: unknown, console: SerialConsole): unknown {
  if (!(error instanceof LastwordError) || error.code === 'ABORTED') return error
  const telling = console.lines.find(line => line.includes('Kernel panic')) ?? console.tail(1)[0]
  const seen = telling ? `its console says '${telling.trim()}'` : 'its console stayed empty'
  return new LastwordError('KERNEL_DID_NOT_BOOT', `The kernel did not reach /init: ${seen}`, { cause: error })
}
