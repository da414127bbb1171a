/** The stores of the mail's steps, read from a stopped kernel's memory: who holds the message, and what the driver does. */
import { LastwordError } from '../../../protocol/error.ts'
import type { Step } from '../../step.ts'
import type { GdbRemote } from '../gdb-remote.ts'
import type { SymbolTable } from '../symbols.ts'
import { type CutInterface, stateMachines } from './kernel-steps.ts'

/** What is stored of the message under way. */
export interface Stores {
  handlerCurrMsg: 'none' | 'message' | 'other'
  driverWaitingMsg: 'none' | 'message' | 'other'
  driverCurrMsg: 'none' | 'message' | 'other'
  /** What the driver does: `si_state`, 0 while it is at a user's message, above while at a request of its own. */
  siState: number
}

/** What stands in the kernel's variables at a cut. */
export interface Variables {
  /** `intf->curr_msg` of `ipmi_msghandler` is no null pointer. */
  intfCurrMsg: boolean
  /** `smi_info->waiting_msg` and `smi_info->curr_msg` of `ipmi_si`. */
  waitingMsg: boolean
  currMsg: boolean
  /** `enum si_intf_state`, 0 for `SI_NORMAL`. */
  siState: number
}

export function variablesText({ intfCurrMsg, waitingMsg, currMsg, siState }: Variables): string {
  const set = [
    ...(intfCurrMsg ? ['intf->curr_msg'] : []),
    ...(waitingMsg ? ['waiting_msg'] : []),
    ...(currMsg ? ['curr_msg'] : []),
  ]
  return `si_state ${siState}, ${set.join(', ') || 'nothing'} set`
}

export type Phase = 'not-started' | 'transfer' | 'transferred'

const POINTER_BYTES = 8
/** `struct ipmi_smi` has some 10 KiB, `struct smi_info` less than 1. */
const HANDLER_BYTES = 24 * 1024
const DRIVER_BYTES = 1024

/** Where the three pointers are in this kernel; found by looking for the message's address, so no layout is assumed. */
export class StoreProbe {
  readonly #gdb: GdbRemote
  readonly #message: bigint
  readonly #handlerCurrMsg: bigint
  /** `waiting_msg`, `curr_msg` and `si_state` stand in a row. */
  readonly #driver: bigint

  private constructor(gdb: GdbRemote, message: bigint, handlerCurrMsg: bigint, driver: bigint) {
    this.#gdb = gdb
    this.#message = message
    this.#handlerCurrMsg = handlerCurrMsg
    this.#driver = driver
  }

  /** Runs a kernel that stands at the entry to `smi_send` on to step 4; put it back afterwards. */
  static async find(gdb: GdbRemote, symbols: SymbolTable, way: CutInterface): Promise<StoreProbe> {
    const { rdi: handler } = await gdb.readRegisters()
    await runTo(gdb, symbols.resolve('ipmi_si:sender'))
    const { rdi: driver, rsi: message } = await gdb.readRegisters()
    const handlerCurrMsg = await findPointer(gdb, handler, HANDLER_BYTES, message, "the handler's currMsg")
    await runTo(gdb, symbols.resolve('ipmi_si:start_next_msg'))
    const waitingMsg = await findPointer(gdb, driver, DRIVER_BYTES, message, "the driver's waitingMsg")
    await runTo(gdb, symbols.resolve(`ipmi_si:${stateMachines[way].start}`))
    const currMsg = await findPointer(gdb, driver, DRIVER_BYTES, message, "the driver's currMsg")
    if (currMsg !== waitingMsg + BigInt(POINTER_BYTES)) throw notFound("the driver's currMsg")
    return new StoreProbe(gdb, message, handlerCurrMsg, waitingMsg)
  }

  /** Which of the variables are set at all, whatever message they point to; the names are Linux's. */
  async readVariables(): Promise<Variables> {
    const { handlerCurrMsg, driverWaitingMsg, driverCurrMsg, siState } = await this.read()
    return {
      intfCurrMsg: handlerCurrMsg !== 'none',
      waitingMsg: driverWaitingMsg !== 'none',
      currMsg: driverCurrMsg !== 'none',
      siState,
    }
  }

  async read(): Promise<Stores> {
    const handler = await this.#gdb.readMemory(this.#handlerCurrMsg, POINTER_BYTES)
    const driver = await this.#gdb.readMemory(this.#driver, 2 * POINTER_BYTES + 4)
    return {
      handlerCurrMsg: this.#whose(handler.readBigUInt64LE()),
      driverWaitingMsg: this.#whose(driver.readBigUInt64LE()),
      driverCurrMsg: this.#whose(driver.readBigUInt64LE(POINTER_BYTES)),
      siState: driver.readInt32LE(2 * POINTER_BYTES),
    }
  }

  #whose(pointer: bigint): 'none' | 'message' | 'other' {
    return pointer === 0n ? 'none' : pointer === this.#message ? 'message' : 'other'
  }
}

/** The step of the mail that comes next, as `stepOf` of the lab reads it from our own handler and driver. */
export function stepOfStores(stores: Stores, phase: Phase): Step {
  if (stores.handlerCurrMsg !== 'message') return phase === 'transferred' ? 'after-5' : 'before-1'
  if (stores.driverCurrMsg === 'message') {
    return phase === 'transferred' ? 'done' : phase === 'transfer' ? 'before-5' : 'before-4'
  }
  if (stores.driverWaitingMsg === 'message') return 'before-3'
  return phase === 'transferred' ? 'between' : 'before-2'
}

/** Such as `handler.currMsg, driver.currMsg`; `siState` is named when the driver is at a request of its own. */
export function storesText(stores: Stores): string {
  const set: string[] = []
  if (stores.handlerCurrMsg === 'message') set.push('handler.currMsg')
  if (stores.driverWaitingMsg === 'message') set.push('driver.waitingMsg')
  if (stores.driverCurrMsg === 'message') set.push('driver.currMsg')
  if (stores.driverCurrMsg === 'other') set.push("driver.currMsg (the driver's own request)")
  if (stores.siState !== 0) set.push(`si_state ${stores.siState}`)
  return set.length === 0 ? 'nothing' : set.join(', ')
}

export function sameStores(a: Stores, b: Stores): boolean {
  return storesText(a) === storesText(b)
}

async function runTo(gdb: GdbRemote, address: bigint): Promise<void> {
  await gdb.setBreakpoint(address)
  await gdb.continue()
  await gdb.clearBreakpoint(address)
}

async function findPointer(
  gdb: GdbRemote,
  start: bigint,
  bytes: number,
  pointer: bigint,
  what: string,
): Promise<bigint> {
  const pageBytes = 4096
  for (let done = 0; done < bytes; done += pageBytes) {
    const page = await gdb.readMemory(start + BigInt(done), Math.min(pageBytes, bytes - done))
    for (let at = 0; at + POINTER_BYTES <= page.length; at += POINTER_BYTES) {
      if (page.readBigUInt64LE(at) === pointer) return start + BigInt(done + at)
    }
  }
  throw notFound(what)
}

function notFound(what: string): LastwordError {
  return new LastwordError(
    'STORE_NOT_FOUND',
    `${what} was not found in the kernel's memory: its structures are none of those that the bench knows`,
    { hint: 'Cut at a place with --at; only sweeps need to know the stores.' },
  )
}
