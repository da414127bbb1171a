/** Network functions: the groups that every IPMI command belongs to. IPMI 2.0 rev 1.1, section 5.1, table 5-1. */

/** The even codes, of requests; a response carries the code plus one. */
export const NetFn = {
  Chassis: 0x00,
  Bridge: 0x02,
  SensorEvent: 0x04,
  App: 0x06,
  Firmware: 0x08,
  Storage: 0x0a,
  Transport: 0x0c,
  GroupExtension: 0x2c,
  OemGroup: 0x2e,
} as const

const names = new Map<number, string>([
  [NetFn.Chassis, 'Chassis'],
  [NetFn.Bridge, 'Bridge'],
  [NetFn.SensorEvent, 'Sensor/Event'],
  [NetFn.App, 'App'],
  [NetFn.Firmware, 'Firmware'],
  [NetFn.Storage, 'Storage'],
  [NetFn.Transport, 'Transport'],
  [NetFn.GroupExtension, 'Group Extension'],
  [NetFn.OemGroup, 'OEM Group'],
])

export function netFnName(netFn: number): string {
  return names.get(netFn & ~1) ?? `netFn 0x${netFn.toString(16).padStart(2, '0')}`
}
