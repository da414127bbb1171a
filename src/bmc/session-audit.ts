/** The Session Audit events of a simulated BMC: a user whom too many wrong passwords have locked out. IPMI 2.0 rev 1.1, tables 23-4 and 42-3. */
import { LanParameter } from '../protocol/parameters/lan.ts'
import { newEvent } from '../protocol/sel-record.ts'
import { EventType } from '../protocol/sensor/event-types.ts'
import { SensorType } from '../protocol/sensor/sensor-types.ts'
import type { Bmc } from './bmc.ts'
import { lanParameters } from './lan-parameters.ts'
import { BMC_ADDRESS, numberOfType } from './world/world.ts'

const DISABLED_BY_BAD_PASSWORDS = 3
/** Bytes 2 and 3 are what the sensor's type says: the user, and the channel. */
const WITH_USER_AND_CHANNEL = 0xf0

/** Logs that a user is locked out, where LAN parameter 26 asks for it. */
export function auditLockout(bmc: Bmc, channel: number, userId: number): void {
  if (lanParameters.value(bmc, LanParameter.badPassword)?.event !== true) return
  bmc.raiseEvent(
    newEvent({
      generatorId: BMC_ADDRESS,
      sensorType: SensorType.SessionAudit,
      sensorNumber: numberOfType(bmc.world, SensorType.SessionAudit),
      event: { type: EventType.SensorSpecific, deassertion: false },
      data: Uint8Array.of(WITH_USER_AND_CHANNEL | DISABLED_BY_BAD_PASSWORDS, userId, channel),
    }),
  )
}
