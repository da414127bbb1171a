/** Sends an event to the BMC. IPMI 2.0 rev 1.1, section 29.3. */
import { PlatformEvent } from '../protocol/commands/event.ts'
import type { Context } from './declare.ts'
import { hexBytes } from './hex.ts'

/** Software that speaks for the system. Section 5.5, table 5-4. */
const SYSTEM_SOFTWARE = 0x41
const EVENT_MESSAGE_REVISION = 0x04
export async function send({ bmc, signal }: Context, bytes: readonly number[]) {
  const [evmRev = EVENT_MESSAGE_REVISION, sensorType = 0, sensorNumber = 0, event = 0, ...data] = bytes
  const open = await bmc()
  // Over LAN the BMC knows who the generator is; in-band it is told.
  const isInband = !/^lan(plus)?:/.test(open.url)
  await open.run(
    PlatformEvent,
    {
      ...(isInband ? { generatorId: SYSTEM_SOFTWARE } : {}),
      evmRev,
      sensorType,
      sensorNumber,
      event: { type: event & 0x7f, deassertion: (event & 0x80) !== 0 },
      data: Uint8Array.from(data),
    },
    { signal },
  )
  return { event: hexBytes(Uint8Array.from(bytes)) }
}
