/** What a BMC answered about one sensor, and how ipmitool judges it. IPMI 2.0 rev 1.1, sections 35.9 and 35.14. */
import type { ResponseOf } from '../../protocol/command.ts'
import type { GetSensorReading, GetSensorThresholds } from '../../protocol/commands/sensor.ts'
import type { FullSensorRecord, SensorRecord } from '../../protocol/sdr/record.ts'
import { EventType } from '../../protocol/sensor/event-types.ts'
import type { ReadingFactors } from '../../protocol/sensor/reading-factors.ts'
import { readingValue } from './sensor-value.ts'

/** A part is missing where the BMC refused it or did not answer. */
export interface SensorAnswer {
  record: SensorRecord
  reading?: ResponseOf<typeof GetSensorReading> | undefined
  /** `sensor list` only, and of full records only. */
  thresholds?: ResponseOf<typeof GetSensorThresholds> | undefined
  /** Of this reading, for a full record with a linearization from 70h on. */
  factors?: ReadingFactors | undefined
}

/** Whether there is a reading, and why not. */
export function readingState({ reading }: SensorAnswer): 'given' | 'disabled' | 'unavailable' | 'none' {
  if (reading === undefined) return 'none'
  if (!reading.status.scanning) return 'disabled'
  return reading.status.unavailable ? 'unavailable' : 'given'
}

export function isThreshold({ event }: SensorRecord): boolean {
  return event.type === EventType.Threshold
}

/**
 * The record of an answer whose reading is a value, not states. Of a non-linear one the reading's factors take the place
 * of the record's, for the thresholds too.
 */
export function analogRecord({ record, reading, factors }: SensorAnswer): FullSensorRecord | undefined {
  if (record.kind !== 'full' || !isThreshold(record) || record.units.analogFormat === 'none') return undefined
  const isScanned = reading?.status.scanning === true
  return isScanned && isNonLinear(record) && factors ? { ...record, factors } : record
}

/** The linearizations from 70h to 7Fh need the factors of each reading. */
function isNonLinear({ linearization }: FullSensorRecord): boolean {
  return linearization === 'nonLinear' || (typeof linearization === 'number' && linearization >= 0x70)
}

/** The value of the reading; undefined where it has none. */
export function answeredValue(answer: SensorAnswer): number | undefined {
  const record = analogRecord(answer)
  if (record === undefined || answer.reading === undefined || readingState(answer) !== 'given')
    return undefined
  if (isNonLinear(record) && answer.factors === undefined) return undefined
  return readingValue(answer.reading.reading, record)
}

/** From the worst on: the bits of a threshold sensor's states byte and their short words. */
const severities = [
  { bit: 0x04, short: 'lnr', level: 'nr' },
  { bit: 0x20, short: 'unr', level: 'nr' },
  { bit: 0x02, short: 'lcr', level: 'cr' },
  { bit: 0x10, short: 'ucr', level: 'cr' },
  { bit: 0x01, short: 'lnc', level: 'nc' },
  { bit: 0x08, short: 'unc', level: 'nc' },
]

/** How bad a threshold sensor's reading is: `unc` with its side, `nc` without; `ok`. */
export function severity({ reading }: SensorAnswer, form: 'short' | 'level'): string {
  const states = reading?.states ?? 0
  return severities.find(({ bit }) => (states & bit) !== 0)?.[form] ?? 'ok'
}
