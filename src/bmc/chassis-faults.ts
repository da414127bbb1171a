/** The faults of a chassis, as its sensors tell them: what Get Chassis Status says beside the power. IPMI 2.0 rev 1.1, section 28.2. */
import { EventType } from '../protocol/sensor/event-types.ts'
import { SensorType } from '../protocol/sensor/sensor-types.ts'
import type { Sensors } from './sensors.ts'
import { maskOf } from './world/source.ts'

export type ChassisFault =
  | 'intrusion'
  | 'driveFault'
  | 'coolingFault'
  | 'powerFault'
  | 'powerControlFault'
  | 'powerOverload'
  | 'powerInterlock'

/** By sensor type, the sensor-specific states that stand for a fault. Table 42-3. */
const ownStates: ReadonlyMap<number, Partial<Record<ChassisFault, number>>> = new Map([
  // Chassis, drive bay, I/O card, processor and fan area; unplugged from the LAN, or docked, is nothing that was opened.
  [SensorType.PhysicalSecurity, { intrusion: maskOf([0, 1, 2, 3, 6]) }],
  [SensorType.DriveSlot, { driveFault: maskOf([1]) }],
  // Failed, without or with the wrong AC, or of a wrong kind; one that will fail has not yet.
  [SensorType.PowerSupply, { powerFault: maskOf([1, 3, 4, 5, 6]) }],
  [
    SensorType.PowerUnit,
    {
      powerFault: maskOf([4, 6]),
      powerControlFault: maskOf([5]),
      powerOverload: maskOf([2]),
      powerInterlock: maskOf([3]),
    },
  ],
])

/** What a sensor of this type tells with a threshold or a state that every type of sensor may have. */
const genericFaults: ReadonlyMap<number, ChassisFault> = new Map([
  [SensorType.Fan, 'coolingFault'],
  [SensorType.CoolingDevice, 'coolingFault'],
  [SensorType.DriveSlot, 'driveFault'],
  [SensorType.PowerSupply, 'powerFault'],
  [SensorType.PowerUnit, 'powerFault'],
])

/** By event type, the states that are faults: a warning is none, nor is a redundancy that is lost and not yet missed. */
const genericStates: ReadonlyMap<number, number> = new Map([
  // In the order of the threshold mask: critical and non-recoverable.
  [EventType.Threshold, maskOf([1, 2, 4, 5])],
  [EventType.LimitExceeded, maskOf([1])],
  [EventType.Severity, maskOf([2, 3, 5, 6])],
  [EventType.Redundancy, maskOf([5])],
])

/** Those that there are now. A sensor that cannot be read tells of none. */
export function chassisFaults(sensors: Sensors): ReadonlySet<ChassisFault> {
  const faults = new Set<ChassisFault>()
  for (const sensor of sensors.all) {
    const { sensorType, eventType } = sensor
    const own = eventType === EventType.SensorSpecific ? ownStates.get(sensorType) : undefined
    const generic = genericFaults.get(sensorType)
    if (own === undefined && generic === undefined) continue
    const { present } = sensors.read(sensor)
    for (const [fault, states] of Object.entries(own ?? {}) as [ChassisFault, number][])
      if ((present & states) !== 0) faults.add(fault)
    if (generic !== undefined && (present & (genericStates.get(eventType) ?? 0)) !== 0) faults.add(generic)
  }
  return faults
}
