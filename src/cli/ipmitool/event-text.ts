/** The words that ipmitool has for an event: by event type, sensor type, offset and, where it is given, the second data byte. */
import { EventType } from '../../protocol/sensor/event-types.ts'
import { eventDetailWords, genericEventWords, sensorEventWords, sensorTypeWords } from './event-words.ts'

export function sensorTypeWord(sensorType: number): string {
  return sensorTypeWords[sensorType] ?? 'Unknown'
}

/** The words for a state; undefined where ipmitool has none. */
export function stateWords(eventType: number, sensorType: number, offset: number): string | undefined {
  const words =
    eventType === EventType.SensorSpecific ? sensorEventWords[sensorType] : genericEventWords[eventType]
  return words?.[offset] || undefined
}

/** Any bit that says that the second data byte means something. */
const DATA2_GIVEN = 0xc0

/** The words for the event of a record, empty where ipmitool has none. */
export function eventWords(eventType: number, sensorType: number, data: Uint8Array): string {
  const offset = data[0]! & 0x0f
  if (eventType === EventType.SensorSpecific && (data[0]! & DATA2_GIVEN) !== 0) {
    const detail = eventDetailWords[sensorType]?.[offset]?.[data[1]!]
    if (detail !== undefined) return detail
  }
  return stateWords(eventType, sensorType, offset) ?? ''
}
