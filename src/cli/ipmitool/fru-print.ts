/** `fru print` as ipmitool prints it, from the bytes of each inventory. FRU storage definition 1.0. */
import type { FruLocatorRecord, McLocatorRecord, SdrRecord } from '../../protocol/sdr/record.ts'
import { decodeText, textEncodingOf } from '../../protocol/text.ts'
import { completionWords } from './completion-words.ts'
import { type Clock, localClock, timeOn } from './local-time.ts'

/**
 * Bytes, as ipmitool reads also what is wrong; or the completion code of the refusal. FRU 0 is not asked for, hence
 * `unsupported`, where Get Device ID tells of no FRU inventory.
 */
export type FruAnswer = Uint8Array | number | 'noResponse' | 'unsupported'

export interface FruDevice {
  record?: FruLocatorRecord | McLocatorRecord
  fruId: number
  answer: FruAnswer
  /** The one that was asked for: it needs no title. */
  isAlone?: boolean
}

const BMC_ADDRESS = 0x20
/** Device types of a FRU locator: behind a controller, or one of the EEPROMs; and its modifiers. Table 43-12. */
const BEHIND_CONTROLLER = 0x10
const FIRST_EEPROM = 0x08
const LAST_EEPROM = 0x0f
const DIMM = 1
const SYSTEM = 2

/** The locators whose inventories are printed behind that of FRU 0, in the repository's order. */
export function fruLocators(sdrs: Iterable<SdrRecord>): (FruLocatorRecord | McLocatorRecord)[] {
  const locators: (FruLocatorRecord | McLocatorRecord)[] = []
  for (const sdr of sdrs) {
    if (sdr.kind === 'mcLocator' && sdr.supports.fruInventory && sdr.slaveAddress !== BMC_ADDRESS)
      locators.push(sdr)
    if (sdr.kind !== 'fruLocator' || !sdr.device.isLogical || !isInventory(sdr)) continue
    if (sdr.device.fruId !== 0 || sdr.device.accessAddress << 1 !== BMC_ADDRESS) locators.push(sdr)
  }
  return locators
}

function isInventory({ deviceType, deviceTypeModifier }: FruLocatorRecord): boolean {
  if (deviceType === BEHIND_CONTROLLER) return true
  return deviceTypeModifier === SYSTEM && deviceType >= FIRST_EEPROM && deviceType <= LAST_EEPROM
}

export function fruPrint(devices: Iterable<FruDevice>, clock: Clock = localClock): string {
  let text = ''
  for (const device of devices) {
    if (device.isAlone) return body(device, clock)
    const isEmpty = device.answer === 'unsupported'
    text += `${title(device)}\n${isEmpty ? '' : `${body(device, clock)}\n`}`
  }
  return text
}

/** ipmitool ends as its last device did: with a failure where that is not there or begins with no header. */
export function fruPrintFails(devices: readonly FruDevice[]): boolean {
  const last = devices.at(-1)
  if (last === undefined || last.answer === 'unsupported') return false
  const { record, answer } = last
  if (
    record?.kind === 'fruLocator' &&
    record.deviceTypeModifier !== 0 &&
    record.deviceTypeModifier !== SYSTEM
  )
    return false
  return !(answer instanceof Uint8Array) || answer[0] !== 1
}

function title({ record, fruId }: FruDevice): string {
  const name = record === undefined ? 'Builtin FRU Device' : record.id
  if (record?.kind === 'mcLocator') return `FRU Device Description : ${name.padEnd(16)}`
  return `FRU Device Description : ${name} (ID ${fruId})`
}

function body({ record, answer }: FruDevice, clock: Clock): string {
  const modifier = record?.kind === 'fruLocator' ? record.deviceTypeModifier : 0
  if (modifier > SYSTEM) return ' Unsupported device\n'
  if (answer === 'noResponse') return ' Device not present (No Response)\n'
  if (typeof answer === 'number') return ` Device not present (${completionWords(answer)})\n`
  return answer === 'unsupported' || modifier === DIMM ? '' : inventoryText(answer, clock)
}

function inventoryText(inventory: Uint8Array, clock: Clock): string {
  if (inventory.length < 8 || inventory[0] !== 1) return ''
  const [, , chassis = 0, board = 0, product = 0] = inventory
  return (
    areaText(inventory, chassis * 8, chassisText) +
    areaText(inventory, board * 8, area => boardText(area, clock)) +
    areaText(inventory, product * 8, productText)
  )
}

type AreaPrinter = (area: Uint8Array) => string

function areaText(inventory: Uint8Array, offset: number, print: AreaPrinter): string {
  if (offset < 8 || offset >= inventory.length) return ''
  const length = inventory[offset + 1]! * 8
  if (length === 0) return ''
  // What the inventory cuts off counts as zero.
  const area = new Uint8Array(length)
  area.set(inventory.subarray(offset, offset + length))
  return print(area)
}

const chassisTypes = [
  'Unspecified',
  'Other',
  'Unknown',
  'Desktop',
  'Low Profile Desktop',
  'Pizza Box',
  'Mini Tower',
  'Tower',
  'Portable',
  'LapTop',
  'Notebook',
  'Hand Held',
  'Docking Station',
  'All in One',
  'Sub Notebook',
  'Space-saving',
  'Lunch Box',
  'Main Server Chassis',
  'Expansion Chassis',
  'SubChassis',
  'Bus Expansion Chassis',
  'Peripheral Chassis',
  'RAID Chassis',
  'Rack Mount Chassis',
  'Sealed-case PC',
  'Multi-system Chassis',
  'CompactPCI',
  'AdvancedTCA',
  'Blade',
  'Blade Enclosure',
]

function chassisText(area: Uint8Array): string {
  const type = line('Chassis Type', chassisTypes[area[2]!] ?? 'Unknown')
  return type + fieldLines(area, 3, ['Chassis Part Number', 'Chassis Serial'], 'Chassis Extra')
}

/** Minutes from 1996 on. */
const FRU_EPOCH_SECONDS = Date.UTC(1996, 0, 1) / 1000

function boardText(area: Uint8Array, clock: Clock): string {
  const minutes = area[3]! | (area[4]! << 8) | (area[5]! << 16)
  const names = ['Board Mfg', 'Board Product', 'Board Serial', 'Board Part Number', HIDDEN]
  return line('Board Mfg Date', madeText(minutes, clock)) + fieldLines(area, 6, names, 'Board Extra')
}

function madeText(minutes: number, clock: Clock): string {
  if (minutes === 0) return 'Unspecified'
  const { weekday, month, day, time, year, zone } = timeOn(clock, FRU_EPOCH_SECONDS + minutes * 60)
  return `${weekday} ${month} ${String(day).padStart(2)} ${time} ${year} ${zone}`
}

function productText(area: Uint8Array): string {
  const names = [
    'Product Manufacturer',
    'Product Name',
    'Product Part Number',
    'Product Version',
    'Product Serial',
    'Product Asset Tag',
    HIDDEN,
  ]
  return fieldLines(area, 3, names, 'Product Extra')
}

/** The FRU file ID is not shown. */
const HIDDEN = ''
const END_OF_FIELDS = 0xc1

const line = (name: string, value: string) => ` ${name.padEnd(22)}: ${value}\n`

/** The named fields whether the end mark came before or not, then others up to it; empty ones have no line. */
function fieldLines(area: Uint8Array, start: number, names: readonly string[], extra: string): string {
  let text = ''
  let at = start
  const next = (name: string) => {
    const value = fieldText(area, at)
    at += 1 + (area[at]! & 0x3f)
    if (name !== HIDDEN && value !== '') text += line(name, value)
  }
  for (const name of names) if (at < area.length) next(name)
  while (at < area.length && area[at] !== END_OF_FIELDS) next(extra)
  return text
}

/** Up to a zero byte, as C's strings end there. */
function fieldText(area: Uint8Array, at: number): string {
  const typeLength = area[at]!
  const raw = area.subarray(at + 1, at + 1 + (typeLength & 0x3f))
  const encoding = textEncodingOf(typeLength)
  if (encoding === 'binary') return Buffer.from(raw).toString('hex')
  if (encoding === 'sixBit') return sixBitText(raw)
  return decodeText(encoding, raw).split('\0', 1)[0]!
}

/** In groups of three bytes and four letters; what the last group lacks counts as zero, which is a blank. */
function sixBitText(raw: Uint8Array): string {
  const whole = new Uint8Array(Math.ceil(raw.length / 3) * 3)
  whole.set(raw)
  return decodeText('sixBit', whole)
}
