/** What ipmitool adds, in parentheses, to the events of a Dell BMC: processors, DIMMs, PCI devices, failures of the POST. */
import type { SystemEventRecord } from '../../protocol/sel-record.ts'
import { EventType } from '../../protocol/sensor/event-types.ts'
import { eventWords } from './event-text.ts'

export const DELL = 674

/** Undefined where nothing is added, empty where only the parentheses are. */
export function dellFindings({
  event,
  sensorType,
  sensorNumber,
  data,
}: SystemEventRecord): string | undefined {
  const [first = 0, second = 0, third = 0] = data
  const codes = { second: first >> 6, third: (first >> 4) & 3 }
  const given = { second: codes.second === OEM_CODE, third: codes.third === OEM_CODE }
  if (event.type !== EventType.SensorSpecific || !(given.second || given.third)) return undefined
  const offset = first & 0x0f
  const isKnown = dellOffsets[sensorType]?.includes(offset) || eventWords(event.type, sensorType, data) !== ''
  if (!isKnown) return undefined
  const details: Details = { sensorNumber, offset, second, third, codes, given }
  return findings[sensorType]?.(details) ?? ''
}

/** Bits 7:6 and 5:4 of the first data byte: the byte that they stand for is the maker's. Table 29-6. */
const OEM_CODE = 2

/** Offsets that have no words of the specification's. */
const dellOffsets: Readonly<Record<number, readonly number[]>> = {
  15: [15],
  193: [1, 2, 3],
  194: [0, 2],
  195: [1],
}

interface Details {
  sensorNumber: number
  offset: number
  second: number
  third: number
  codes: { second: number; third: number }
  given: { second: boolean; third: boolean }
}

const findings: Readonly<Record<number, (details: Details) => string>> = {
  7: processor,
  12: details => memoryErrors[details.offset] + dimms(details),
  15: ({ offset, second, given }) => (offset === 15 && given.second ? (postFailures[second] ?? '') : ''),
  16: details => (details.offset === 0 ? 'Corr Memory Log Disabled | ' : '') + dimms(details),
  19: pciDevice,
  194: pciDevice,
  195: pciDevice,
}

const FSB_SENSOR = 0x0a

const processorErrors: Readonly<Record<number, string>> = {
  0: 'CPU Internal Err | ',
  6: 'CPU Protocol Err | ',
}

/** The second byte has a bit for each processor, of which the lowest is named. */
function processor({ sensorNumber, offset, second, third, given }: Details): string {
  if (!given.second) return ''
  if (second === 0) return processorErrors[offset] ?? ''
  const number = Math.log2(second & -second) + 1
  // The sensor of the front side bus.
  if (offset === 6 && sensorNumber === FSB_SENSOR) return `FSB ${number} `
  return `CPU ${number} | APIC ID ${third} `
}

/** By offset; the others have none. */
const memoryErrors = ['Correctable ECC | ', 'UnCorrectable ECC | ', ...Array<string>(14).fill('')]

/** How many DIMMs a node has, by the second byte's high nibble; below 8 it is the memory card, Fh: neither. */
const dimmsPerNode: Readonly<Record<number, number>> = { 8: 4, 9: 6, 10: 8, 11: 9, 12: 12, 13: 24, 14: 3 }

/** Of DIMMs and links ipmitool looks at one bit of each code only. */
function roughlyGiven({ codes }: Details): Details['given'] {
  return { second: (codes.second & OEM_CODE) !== 0, third: (codes.third & OEM_CODE) !== 0 }
}

/** The third byte has a bit for each of eight DIMMs, the second's low nibble which eight; Fh: the first. */
function dimms(details: Details): string {
  const { second, third } = details
  const high = second >> 4
  const given = roughlyGiven(details)
  const card = given.second && high < 8 ? `Card ${letter(high)}` : ''
  if (!given.third) return card
  const eight = given.second && (second & 0x0f) !== 0x0f ? second & 0x0f : 0
  const perNode = dimmsPerNode[high]
  const names: string[] = []
  for (let bit = 0; bit < 8; bit++) {
    if (((third >> bit) & 1) === 0) continue
    const at = eight * 8 + bit
    names.push(
      `DIMM${perNode === undefined ? at + 1 : letter(Math.floor(at / perNode)) + ((at % perNode) + 1)}`,
    )
  }
  return names.length === 0 ? card : `${card} ${names.join(', ')}`
}

const letter = (index: number) => String.fromCharCode(0x41 + index)

const pciErrors: Readonly<Record<number, string>> = {
  0: 'PCIe Error |',
  1: 'I/O Error |',
  4: 'PCI PERR |',
  5: 'PCI SERR |',
}

/** The sensor of the links between processors and their hubs. */
const LINK_SENSOR = 0x29

function link(details: Details): string {
  const { offset, second, third } = details
  const given = roughlyGiven(details)
  if (offset !== 2 || !given.second || !given.third) return ''
  const partner = `Partner-(LinkId:${second & 0xc0},AgentId:${second & 0x30})`
  const reporter = `ReportingAgent(LinkId:${second & 0x0c},AgentId:${second & 3})`
  const width = third & 0xfc ? '' : 'LinkWidthDegraded|'
  const types = `${third & 2 ? 'PA_Type:IOH' : 'PA-Type:CPU'}|RA-Type:${third & 1 ? 'IOH' : 'CPU'}`
  return `${partner}|${reporter}|${width}${types}`
}

function pciDevice(details: Details): string {
  const { sensorNumber, offset, second, third } = details
  if (sensorNumber === LINK_SENSOR) return link(details)
  if (offset === 2) return 'IO channel Check NMI'
  const error = pciErrors[offset] ?? ' '
  if (third & 0x80) return `${error}Slot ${third & 0x7f}`
  const hex = (value: number) => value.toString(16).padStart(2, '0')
  return `${error}PCI bus:${hex(third)} device:${hex(second >> 3)} function:${second & 7}`
}

/** By the second data byte. */
const postFailures: Readonly<Record<number, string>> = {
  128: 'No memory is detected.',
  129: 'Memory is detected but is not configurable.',
  130: 'Memory is configured but not usable.',
  131: 'System BIOS shadow failed.',
  132: 'CMOS failed.',
  133: 'DMA controller failed.',
  134: 'Interrupt controller failed.',
  135: 'Timer refresh failed.',
  136: 'Programmable interval timer error.',
  137: 'Parity error.',
  138: 'SIO failed.',
  139: 'Keyboard controller failed.',
  140: 'System management interrupt initialization failed.',
  141: 'TXT-SX Error.',
  192: 'Shutdown test failed.',
  193: 'BIOS POST memory test failed.',
  194: 'RAC configuration failed.',
  195: 'CPU configuration failed.',
  196: 'Incorrect memory configuration.',
  254: 'General failure after video.',
}
