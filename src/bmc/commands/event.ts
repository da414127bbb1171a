/** The event commands of the simulated BMC. IPMI 2.0 rev 1.1, section 29. */

import { GetEventReceiver, PlatformEvent, SetEventReceiver } from '../../protocol/commands/event.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import { encodeSelRecord, newEvent } from '../../protocol/sel-record.ts'
import { type Served, serve } from '../serve.ts'
import { SEL_FULL } from '../stores/sel-store.ts'

const SYSTEM_INTERFACE = 0x0f

export const eventCommands: Served[] = [
  serve(SetEventReceiver, ({ slaveAddress, unit }, bmc) => {
    bmc.eventReceiver = { slaveAddress, lun: unit.lun }
    return {}
  }),
  serve(GetEventReceiver, (_, { eventReceiver }) => ({
    slaveAddress: eventReceiver.slaveAddress,
    unit: { lun: eventReceiver.lun },
  })),
  serve(PlatformEvent, (request, bmc, caller) => {
    // Only host software names its generator itself.
    if ((request.generatorId === undefined) === (caller.channel === SYSTEM_INTERFACE)) {
      return CompletionCode.RequestLengthInvalid
    }
    const { evmRev, sensorType, sensorNumber, event, data } = request
    const id = bmc.logEvent(
      encodeSelRecord(
        newEvent({
          generatorId: request.generatorId ?? 0x81,
          generator: { lun: 0, channel: caller.channel === SYSTEM_INTERFACE ? 0 : caller.channel },
          evmRev,
          sensorType,
          sensorNumber,
          event,
          data,
        }),
      ),
    )
    return id === SEL_FULL ? CompletionCode.OutOfSpace : {}
  }),
]
