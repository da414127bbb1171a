/** Executes a request: finds its command, checks the privilege, and makes the response's bytes. */
import { commandKey } from '../protocol/command.ts'
import { CompletionCode } from '../protocol/completion-code.ts'
import { lunOf, netFnOf, responseByte } from '../protocol/message.ts'
import type { Bmc } from './bmc.ts'
import { bridgeCommands } from './commands/bridge.ts'
import { chassisCommands } from './commands/chassis.ts'
import { dcmiCommands } from './commands/dcmi.ts'
import { deviceCommands } from './commands/device.ts'
import { eventCommands } from './commands/event.ts'
import { fruCommands } from './commands/fru.ts'
import { lanCommands } from './commands/lan.ts'
import { messagingCommands } from './commands/messaging.ts'
import { payloadCommands } from './commands/payload.ts'
import { pefCommands } from './commands/pef.ts'
import { sdrCommands } from './commands/sdr.ts'
import { selCommands } from './commands/sel.ts'
import { sensorCommands } from './commands/sensor.ts'
import { sessionCommands } from './commands/session.ts'
import { solCommands } from './commands/sol.ts'
import { systemInfoCommands } from './commands/system-info.ts'
import { userCommands } from './commands/user.ts'
import { watchdogCommands } from './commands/watchdog.ts'
import { type Caller, type Served, systemInterface } from './serve.ts'

const served = new Map<number, Served>(
  [
    deviceCommands,
    messagingCommands,
    watchdogCommands,
    eventCommands,
    selCommands,
    sessionCommands,
    payloadCommands,
    chassisCommands,
    sensorCommands,
    sdrCommands,
    fruCommands,
    userCommands,
    lanCommands,
    systemInfoCommands,
    pefCommands,
    dcmiCommands,
    solCommands,
    bridgeCommands((controller, request, caller) => execute(controller, request, caller)),
  ]
    .flat()
    .map(served => [
      commandKey(served.netFn, served.cmd, served.group === undefined ? [] : [served.group]),
      served,
    ]),
)

/** `request` is netFn/LUN, command, data; the response the same with the completion code after the command. */
export function execute(bmc: Bmc, request: Uint8Array, caller: Caller = systemInterface): Uint8Array {
  const first = request[0] ?? 0
  const cmd = request[1] ?? 0
  const body = answer(bmc, first, cmd, request, caller)
  const response = new Uint8Array(2 + body.length)
  response[0] = responseByte(first)
  response[1] = cmd
  response.set(body, 2)
  return response
}

/**
 * Executes a request; `respond` gets the answer when what it changed, and what it may have seen of others' changes,
 * is on disk: at once, or with the next `bmc.flush()`. When the disk refuses, the answer says so (C4h), and to one
 * that changed nothing itself, to try again (C0h): nothing is acknowledged that is not kept.
 */
export function submit(
  bmc: Bmc,
  request: Uint8Array,
  caller: Caller,
  respond: (response: Uint8Array) => void,
): void {
  const before = bmc.kept.changes
  const response = execute(bmc, request, caller)
  if (!bmc.kept.isDirty) return respond(response)
  const refusal = bmc.kept.changes === before ? CompletionCode.NodeBusy : CompletionCode.OutOfSpace
  bmc.kept.whenKept(error =>
    respond(error === null ? response : Uint8Array.of(response[0]!, response[1]!, refusal)),
  )
}

/** Executes a request and puts on disk at once what it changed. */
export function executeDurably(bmc: Bmc, request: Uint8Array, caller: Caller): Uint8Array {
  let answered: Uint8Array | undefined
  submit(bmc, request, caller, response => {
    answered = response
  })
  bmc.flush()
  return answered!
}

function answer(bmc: Bmc, first: number, cmd: number, request: Uint8Array, caller: Caller): Uint8Array {
  if (request.length < 2) return Uint8Array.of(CompletionCode.RequestLengthInvalid)
  const fate = bmc.faults?.strike() ?? 'execute'
  if (fate === 'busy') return Uint8Array.of(CompletionCode.NodeBusy)
  if (fate === 'timeout') return Uint8Array.of(CompletionCode.Timeout)
  // Whether the request was executed before is nobody's to know: the answer does not get out.
  if (fate === 'reboot') bmc.requestReset('cold')
  const data = request.subarray(2)
  const command = served.get(commandKey(netFnOf(first), cmd, data))
  if (command === undefined) return Uint8Array.of(CompletionCode.InvalidCommand)
  if (lunOf(first) !== 0) return Uint8Array.of(CompletionCode.InvalidForLun)
  if (caller.privilege < command.privilege) return Uint8Array.of(CompletionCode.InsufficientPrivilege)
  return command.answer(bmc, data, caller)
}
