/** States that sensors of a generic event type have. IPMI 2.0 rev 1.1, section 42.1, table 42-2. */

/** Event/reading type codes. Table 42-1. */
export const EventType = {
  Unspecified: 0x00,
  Threshold: 0x01,
  LimitExceeded: 0x05,
  Severity: 0x07,
  Redundancy: 0x0b,
  SensorSpecific: 0x6f,
  OemFirst: 0x70,
} as const

/** In the order of the threshold mask: the place in it is the bit. */
export const thresholdNames = [
  'lowerNonCritical',
  'lowerCritical',
  'lowerNonRecoverable',
  'upperNonCritical',
  'upperCritical',
  'upperNonRecoverable',
] as const
export type ThresholdName = (typeof thresholdNames)[number]

const thresholdEvents = [
  'Lower Non-critical going low',
  'Lower Non-critical going high',
  'Lower Critical going low',
  'Lower Critical going high',
  'Lower Non-recoverable going low',
  'Lower Non-recoverable going high',
  'Upper Non-critical going low',
  'Upper Non-critical going high',
  'Upper Critical going low',
  'Upper Critical going high',
  'Upper Non-recoverable going low',
  'Upper Non-recoverable going high',
]

/** The event type is the key, the place in the list the offset. */
const generic: Readonly<Record<number, readonly string[]>> = {
  1: thresholdEvents,
  2: ['Transition to Idle', 'Transition to Active', 'Transition to Busy'],
  3: ['State Deasserted', 'State Asserted'],
  4: ['Predictive Failure deasserted', 'Predictive Failure asserted'],
  5: ['Limit Not Exceeded', 'Limit Exceeded'],
  6: ['Performance Met', 'Performance Lags'],
  7: [
    'transition to OK',
    'transition to Non-critical from OK',
    'transition to Critical from less severe',
    'transition to Non-recoverable from less severe',
    'transition to Non-critical from more severe',
    'transition to Critical from Non-recoverable',
    'transition to Non-recoverable',
    'Monitor',
    'Informational',
  ],
  8: ['Device Absent', 'Device Present'],
  9: ['Device Disabled', 'Device Enabled'],
  10: [
    'transition to Running',
    'transition to In Test',
    'transition to Power Off',
    'transition to On Line',
    'transition to Off Line',
    'transition to Off Duty',
    'transition to Degraded',
    'transition to Power Save',
    'Install Error',
  ],
  11: [
    'Fully Redundant',
    'Redundancy Lost',
    'Redundancy Degraded',
    'Non-redundant: sufficient resources from redundant',
    'Non-redundant: sufficient resources from insufficient',
    'Non-redundant: insufficient resources',
    'Redundancy Degraded from fully redundant',
    'Redundancy Degraded from non-redundant',
  ],
  12: ['D0 Power State', 'D1 Power State', 'D2 Power State', 'D3 Power State'],
}

/** The words for a state of a generic event type; undefined when it has none. */
export function genericState(eventType: number, offset: number): string | undefined {
  return generic[eventType]?.[offset]
}

/** How many states a generic event type has; 0 when it is not one. */
export function genericStates(eventType: number): readonly string[] {
  return generic[eventType] ?? []
}
