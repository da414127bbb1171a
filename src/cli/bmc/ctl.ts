/** `lastword bmc ctl`: changes simulated BMCs while they run, over their control socket. */
import { Command, InvalidArgumentError } from 'commander'
import type { ControlRequest } from '../../bmc/control.ts'
import { askControl } from '../../bmc/control-socket.ts'
import { printRow } from '../output.ts'
import { UsageError } from '../params.ts'

interface CtlOptions {
  bmc: number
}

const help = `
Words:
  status                        power, faults and the number of SEL entries
  sensor NAME VALUE|auto        a value by hand, in the sensor's unit
  states NAME OFFSETS|auto      states by hand: 0,1 or none
  fault KIND[=NUMBER]           as lastword bmc --fault takes it
  clear [KIND]                  ends one kind of fault, or all
  log-ins                       each user's failed log-ins, and until when one is locked out
  unlock USER                   lifts a lock-out
  power ACTION                  powerUp, powerDown, powerCycle, hardReset, diagnosticInterrupt, softShutdown
`

export function bmcCtlCommand(): Command {
  return new Command('ctl')
    .description('changes running BMCs over their control socket')
    .argument('<socket>', 'the path that --control was given')
    .argument('<words...>', 'what to do')
    .option('--bmc <n>', 'which of many, from 0', bmcNumber, 0)
    .addHelpText('after', help)
    .action(async (socket: string, words: string[], options: CtlOptions) => {
      const answer = await askControl(socket, { ...requestOf(words), bmc: options.bmc })
      printRow(answer)
    })
}

function requestOf(words: readonly string[]): ControlRequest {
  const [what, name, value] = words
  switch (what) {
    case 'status':
      return { do: 'status' }
    case 'sensor':
      if (name === undefined || value === undefined) break
      return { do: 'sensor', name, value: sensorValue(value) }
    case 'states':
      if (name === undefined || value === undefined) break
      return { do: 'sensor', name, states: statesOf(value) }
    case 'fault':
      if (name === undefined) break
      return { do: 'fault', fault: name }
    case 'clear':
      return { do: 'clearFault', ...(name !== undefined && { kind: name }) }
    case 'log-ins':
      return { do: 'logIns' }
    case 'unlock':
      if (name === undefined) break
      return { do: 'unlock', user: name }
    case 'power':
      if (name === undefined) break
      return { do: 'power', action: name } as ControlRequest
  }
  throw new UsageError(
    `bmc ctl: "${words.join(' ')}" is nothing to do`,
    'lastword bmc ctl --help lists the words.',
  )
}

function bmcNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It takes a number from 0 on.')
  return Number(text)
}

/** Null is for `auto` alone: it gives the sensor back. */
function sensorValue(text: string): number | null {
  if (text === 'auto') return null
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new UsageError(
    `bmc ctl sensor: "${text}" is no value`,
    "Give a number in the sensor's unit, such as 95 or 1.05, or auto.",
  )
}

function statesOf(text: string): number[] | null {
  if (text === 'auto') return null
  if (text === 'none') return []
  if (/^\d+(,\d+)*$/.test(text)) return text.split(',').map(Number)
  throw new UsageError(
    `bmc ctl states: "${text}" are no states`,
    'Give their offsets, such as 0 or 0,1, none, or auto.',
  )
}
