/** `lastword/handler`: the message handler and its panic path. */

export { MsgHandler, type MsgHandlerOptions } from './handler.ts'
export { HandlerMsg, Origin } from './handler-msg.ts'
export type { PanicOp } from './last-words-sender.ts'
export type { MaintenanceMode } from './maintenance.ts'
export { type PanicClock, type PanicOptions, type PanicOutcome, PanicPath } from './panic.ts'
export type { Done, Reply } from './reply.ts'
export {
  bmcAddr,
  type IncomingCommand,
  type IpmiAddr,
  type IpmiRequest,
  IpmiUser,
  type IpmiUserHandlers,
} from './user.ts'
