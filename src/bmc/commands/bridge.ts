/** Send Message of the simulated BMC: bridging to the satellite controllers on its IPMB, and on to what is behind them. IPMI 2.0 rev 1.1, sections 6.13 and 22.7. */
import { NAK_ON_WRITE, SendMessage } from '../../protocol/commands/messaging.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import { answerFrame, decodeIpmb, encodeIpmb, type IpmbFrame } from '../../protocol/ipmb.ts'
import { requestBytes } from '../../protocol/message.ts'
import type { Bmc } from '../bmc.ts'
import { IPMB_CHANNEL } from '../channels.ts'
import { type Caller, type Served, serve } from '../serve.ts'

const nothing = new Uint8Array(0)
/** An answer to this LUN of the BMC is the host's, to be read with Get Message. Section 6.13. */
const SMS_LUN = 2

/** How a controller executes a request: what answers this BMC's own requests answers its satellites'. */
export type Execute = (controller: Bmc, request: Uint8Array, caller: Caller) => Uint8Array

export function bridgeCommands(execute: Execute): Served[] {
  return [
    serve(SendMessage, ({ to, message }, bmc, caller) => {
      if (to.channel !== bmc.world.satelliteChannel) return CompletionCode.DestinationUnavailable
      const frame = decodeIpmb(message)
      if (frame === undefined) return CompletionCode.InvalidDataField
      const answer = answerOnIpmb(bmc, frame, caller, execute)
      if (answer === null) return NAK_ON_WRITE
      if (to.tracking === 'track') {
        // Who asks over a bus gets the answer inside this one.
        if (caller.channel === IPMB_CHANNEL) return { message: encodeIpmb(answer) }
        if (caller.lan !== undefined) {
          caller.lan.forwarded = answer
          return { message: nothing }
        }
      }
      // Untracked it goes where the bus brings it: to the host, or to the BMC, which does not wait for it.
      if (frame.rqLun === SMS_LUN) bmc.messaging.putMessage(IPMB_CHANNEL, encodeIpmb(answer).subarray(1))
      return { message: nothing }
    }),
  ]
}

/** The frame that answers a request on the bus; null: nobody is there. */
function answerOnIpmb(bmc: Bmc, request: IpmbFrame, caller: Caller, execute: Execute): IpmbFrame | null {
  const addressee = bmc.controllerAt(request.rsAddr)
  if (addressee === undefined) return null
  const message = requestBytes(request.netFn, request.cmd, request.data, request.rsLun)
  const response = execute(addressee, message, { channel: IPMB_CHANNEL, privilege: caller.privilege })
  return answerFrame(request, response.subarray(2))
}
