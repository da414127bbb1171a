/** Where each step of the mail stands in Linux's IPMI drivers: one table, by kernel version and interface. docs/panic.md. */
import { LastwordError } from '../../../protocol/error.ts'
import type { Step } from '../../step.ts'
import type { SymbolTable } from '../symbols.ts'

export type CutInterface = 'kcs' | 'bt'

/** What runs at a step: the function on whose entry a cut is that step's, and which of its passages. */
export interface Place {
  /** `MODULE:SYMBOL`, with `+OFFSET` where it is not the entry. */
  expression: string
  /** The n-th time it is passed from the entry to `smi_send` on, or from `via` on where that is given. */
  hit: number
  /** What has to be passed before: deliveries of the request before may still be under way. */
  via?: string
}

interface StateMachine {
  start: string
  event: string
  result: string
}

/** The register state machine of each interface, all in `ipmi_si`. */
export const stateMachines: Readonly<Record<CutInterface, StateMachine>> = {
  kcs: { start: 'start_kcs_transaction', event: 'kcs_event', result: 'get_kcs_result' },
  bt: { start: 'bt_start_transaction', event: 'bt_event', result: 'bt_get_result' },
}

/** What delivers responses after step 5 was renamed twice: newest first. */
const deliveries = [
  { since: '7.3', symbol: 'smi_work' },
  { since: '6.12', symbol: 'smi_recv_work' },
  { since: '6.1', symbol: 'smi_recv_tasklet' },
] as const

/** Turns of the state machine before the cut in mid-transfer: KCS takes one a byte, BT a few in all. */
const turnsBeforeMidTransfer: Readonly<Record<CutInterface, number>> = { kcs: 12, bt: 2 }

/** The function that delivers responses in this kernel; the version's own name first, then whichever it has. */
export function deliverySymbol(symbols: SymbolTable, version: string): string {
  const own = deliveries.find(({ since }) => compareVersions(version, since) >= 0)
  const names = [...(own ? [own.symbol] : []), ...deliveries.map(({ symbol }) => symbol)]
  const found = names.find(name => symbols.has(name, 'ipmi_msghandler'))
  // None of them: the error that names the nearest.
  return found ?? symbols.find(names[0]!, 'ipmi_msghandler').name
}

export function placeOfStep(step: Step, way: CutInterface, symbols: SymbolTable, version: string): Place {
  const machine = stateMachines[way]
  const expressions: Readonly<Record<Step, string>> = {
    'before-1': 'ipmi_msghandler:smi_send',
    'before-2': 'ipmi_si:sender',
    'before-3': 'ipmi_si:start_next_msg',
    'before-4': `ipmi_si:${machine.start}`,
    'before-5': `ipmi_si:${machine.event}`,
    done: `ipmi_si:${machine.result}`,
    between: 'ipmi_msghandler:ipmi_smi_msg_received',
    'after-5': `ipmi_msghandler:${deliverySymbol(symbols, version)}`,
  }
  return {
    expression: expressions[step],
    hit: step === 'before-5' ? turnsBeforeMidTransfer[way] : 1,
    ...(step === 'after-5' && { via: expressions.between }),
  }
}

/** Each symbol that the cuts lean on; one that is missing is said so before anything is cut. */
export function requireSymbols(symbols: SymbolTable, way: CutInterface, version: string): void {
  if (symbols.symbols.length === 0 || !symbols.has('smi_send')) {
    throw new LastwordError(
      'SYMBOLS_STRIPPED',
      `The kernel ${version} has no symbols of its IPMI modules in /proc/kallsyms (${symbols.symbols.length} symbols in all)`,
      {
        hint: 'Take a kernel with CONFIG_KALLSYMS and modules that were not stripped of their symbol table.',
      },
    )
  }
  const machine = stateMachines[way]
  for (const name of ['smi_send', 'ipmi_smi_msg_received']) symbols.find(name, 'ipmi_msghandler')
  for (const name of ['sender', 'start_next_msg', 'poll', machine.start, machine.event, machine.result]) {
    symbols.find(name, 'ipmi_si')
  }
  symbols.find('emergency_restart')
}

/** Below, at or above zero, as `a` is older than, the same as or newer than `b`. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)]
  for (let at = 0; at < right.length; at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
