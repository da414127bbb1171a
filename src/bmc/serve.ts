/** How a BMC serves a command: a function from the decoded request to a typed response or a completion code. */
import type { LanCaller } from '../lan/server.ts'
import { CodecError } from '../protocol/bytes.ts'
import {
  type AnyCommand,
  decodeRequest,
  encodeResponse,
  type Privilege,
  type RequestOf,
  type ResponseOf,
} from '../protocol/command.ts'
import { CompletionCode } from '../protocol/completion-code.ts'
import type { Bmc } from './bmc.ts'

/** Who asks, and over what. */
export interface Caller {
  /** The channel that the request came over; Fh is the system interface. */
  channel: number
  privilege: Privilege
  /** Over a LAN channel: its session, and the server that holds it. */
  lan?: LanCaller
}

/** The host itself: it has logged in by being there. */
export const systemInterface: Caller = { channel: 0x0f, privilege: 5 }

export interface Served {
  readonly netFn: number
  readonly cmd: number
  /** The defining body of a group extension. */
  readonly group: number | undefined
  readonly privilege: Privilege
  /** From the request's data to the response's, completion code first. */
  answer(bmc: Bmc, data: Uint8Array, caller: Caller): Uint8Array
}

/** A response that comes with a completion code which is not zero, as a few commands have it. */
export class CodedResponse<R> {
  readonly code: number
  readonly response: R

  constructor(code: number, response: R) {
    this.code = code
    this.response = response
  }
}

/** Binds a command to what a BMC does for it. The function returns the response, or a completion code that is not zero. */
export function serve<C extends AnyCommand>(
  command: C,
  handler: (
    request: RequestOf<C>,
    bmc: Bmc,
    caller: Caller,
  ) => ResponseOf<C> | CodedResponse<ResponseOf<C>> | number,
): Served {
  return {
    netFn: command.netFn,
    cmd: command.cmd,
    group: command.group,
    privilege: command.privilege,
    answer(bmc, data, caller) {
      let request: RequestOf<C>
      try {
        request = decodeRequest(command, data) as RequestOf<C>
      } catch (error) {
        if (!(error instanceof CodecError)) throw error
        const wrongLength = error.code === 'TOO_SHORT' || error.code === 'TOO_LONG'
        return Uint8Array.of(
          wrongLength ? CompletionCode.RequestLengthInvalid : CompletionCode.InvalidDataField,
        )
      }
      const response = handler(request, bmc, caller)
      if (typeof response === 'number') return Uint8Array.of(response)
      if (!(response instanceof CodedResponse)) return encodeResponse(command, response)
      const bytes = encodeResponse(command, response.response)
      bytes[0] = response.code
      return bytes
    },
  }
}
