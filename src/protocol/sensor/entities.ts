/** What parts of a system are called by their entity ID. IPMI 2.0 rev 1.1, section 43.14, table 43-13. */

const names: readonly string[] = [
  'unspecified',
  'other',
  'unknown',
  'processor',
  'disk or disk bay',
  'peripheral bay',
  'system management module',
  'system board',
  'memory module',
  'processor module',
  'power supply',
  'add-in card',
  'front panel board',
  'back panel board',
  'power system board',
  'drive backplane',
  'system internal expansion board',
  'other system board',
  'processor board',
  'power unit',
  'power module',
  'power management board',
  'chassis back panel board',
  'system chassis',
  'sub-chassis',
  'other chassis board',
  'disk drive bay',
  'peripheral bay',
  'device bay',
  'fan device',
  'cooling unit',
  'cable/interconnect',
  'memory device',
  'system management software',
  'system firmware (BIOS)',
  'operating system',
  'system bus',
  'group',
  'remote management communication device',
  'external environment',
  'battery',
  'processing blade',
  'connectivity switch',
  'processor/memory module',
  'I/O module',
  'processor/IO module',
  'management controller firmware',
  'IPMI channel',
  'PCI bus',
  'PCI Express bus',
  'SCSI bus (parallel)',
  'SATA/SAS bus',
  'processor/front-side bus',
  'real time clock (RTC)',
  'reserved',
  'air inlet',
]

/** DCMI has codes of its own for three of them. DCMI 1.5, section 5.2. */
const dcmi = new Map([
  [0x40, 'air inlet'],
  [0x41, 'processor'],
  [0x42, 'system board'],
])

/** Codes that are often written down. */
export const EntityId = {
  Processor: 3,
  Disk: 4,
  SystemBoard: 7,
  MemoryModule: 8,
  PowerSupply: 10,
  Chassis: 23,
  Fan: 29,
  MemoryDevice: 32,
  Battery: 40,
  AirInlet: 55,
} as const

export function entityName(id: number): string {
  const name = names[id] ?? dcmi.get(id)
  if (name !== undefined) return name
  if (id >= 0x90 && id <= 0xaf) return `chassis-specific 0x${id.toString(16)}`
  if (id >= 0xb0 && id <= 0xcf) return `board-set specific 0x${id.toString(16)}`
  if (id >= 0xd0) return `OEM 0x${id.toString(16)}`
  return `reserved 0x${id.toString(16)}`
}
