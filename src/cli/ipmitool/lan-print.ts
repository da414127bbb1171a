/** `lan print` as ipmitool prints it, from the bytes of each parameter. IPMI 2.0 rev 1.1, section 23.2, table 23-4. */

/** The parameter's bytes behind its revision, or the completion code of a refusal. */
export type LanAnswer = Uint8Array | number

/** The parameters, in the order in which ipmitool asks for them. */
export const lanPrintSelectors: readonly number[] = [
  0, 1, 2, 4, 3, 6, 5, 16, 7, 10, 11, 12, 13, 14, 15, 20, 21, 22, 23, 24, 26,
]

type Answers = ReadonlyMap<number, LanAnswer>

/** Nothing more is printed after a refusal that does not say that the parameter is not supported. */
const END = Symbol('end')
type Lines = string | typeof END

/** Not supported, in one of the codes that BMCs have for it. */
const NOT_SUPPORTED: readonly number[] = [0x80, 0xc9, 0xcc]

export function lanPrint(answers: Answers): string {
  let text = ''
  for (const part of parts) {
    const lines = part(answers)
    if (lines === END) return text
    text += lines
  }
  return text
}

/** The lines of a parameter, or those for one that is not supported. */
function linesOf(
  answers: Answers,
  selector: number,
  print: (data: Uint8Array) => string,
  without = '',
): Lines {
  const answer = answers.get(selector)
  if (answer instanceof Uint8Array) return print(answer)
  return answer !== undefined && NOT_SUPPORTED.includes(answer) ? without : END
}

const row = (name: string, value: string) => `${name.padEnd(24)}: ${value}\n`

const line = (selector: number, name: string, print: (data: Uint8Array) => string) => (answers: Answers) =>
  linesOf(answers, selector, data => row(name, print(data)))

/** A line that any refusal leaves out. */
const optionalLine =
  (selector: number, name: string, print: (data: Uint8Array) => string) =>
  (answers: Answers): Lines => {
    const lines = line(selector, name, print)(answers)
    return lines === END ? '' : lines
  }

/** Bytes that are missing count as zero. */
const at = (data: Uint8Array, index: number) => data[index] ?? 0
const hex = (value: number) => value.toString(16).padStart(2, '0')

function ipAddress(data: Uint8Array): string {
  return [0, 1, 2, 3].map(i => at(data, i)).join('.')
}

function macAddress(data: Uint8Array): string {
  return [0, 1, 2, 3, 4, 5].map(i => hex(at(data, i))).join(':')
}

const authTypes = [
  [0x01, 'NONE '],
  [0x02, 'MD2 '],
  [0x04, 'MD5 '],
  [0x10, 'PASSWORD '],
  [0x20, 'OEM '],
] as const

function authTypeWords(mask: number): string {
  return authTypes.map(([bit, word]) => (mask & bit ? word : '')).join('')
}

function authEnables(data: Uint8Array): string {
  const levels = ['Callback', 'User', 'Operator', 'Admin', 'OEM']
  return levels
    .map((level, i) =>
      row(i === 0 ? 'Auth Type Enable' : '', `${level.padEnd(9)}: ${authTypeWords(at(data, i))}`),
    )
    .join('')
}

const setStates = ['Set Complete', 'Set In Progress', 'Commit Write', 'Reserved']
const sources = ['Unspecified', 'Static Address', 'DHCP Address', 'BIOS Assigned Address']

function ipHeader(data: Uint8Array): string {
  const service = at(data, 2)
  const [flags, precedence, type] = [at(data, 1) & 0xe0, service & 0xe0, service & 0x1e].map(hex)
  return `TTL=0x${hex(at(data, 0))} Flags=0x${flags} Precedence=0x${precedence} TOS=0x${type}`
}

function arpControl(data: Uint8Array): string {
  const word = (bit: number) => ((at(data, 0) & bit) === 0 ? 'Disabled' : 'Enabled')
  return `ARP Responses ${word(2)}, Gratuitous ARP ${word(1)}`
}

function vlanId(data: Uint8Array): string {
  const high = at(data, 1)
  return high & 0x80 ? String(((high & 0x0f) << 8) | at(data, 0)) : 'Disabled'
}

const MAX_SUITES = 16

/** Parameter 22 is how many suites there are, 23 which. */
function suiteIds(answers: Answers): Lines {
  const count = answers.get(22)
  if (!(count instanceof Uint8Array)) return linesOf(answers, 22, () => '')
  const print = (entries: Uint8Array) => suiteRow(Math.min(at(count, 0), MAX_SUITES), entries)
  return linesOf(answers, 23, print, row('RMCP+ Cipher Suites', 'None'))
}

function suiteRow(count: number, entries: Uint8Array): string {
  if (entries.length > 1 + MAX_SUITES) return row('RMCP+ Cipher Suites', 'None')
  return row('RMCP+ Cipher Suites', Array.from({ length: count }, (_, i) => at(entries, 1 + i)).join(','))
}

/** A suite's privilege limit, from 0 on. */
const limits = 'XcuoaO'
const legend = ['X=Cipher Suite Unused', 'c=CALLBACK', 'u=USER', 'o=OPERATOR', 'a=ADMIN', 'O=OEM']
const LIMITED_SUITES = 15
const noLimits = row('Cipher Suite Priv Max', 'Not Available')

function suiteLimits(data: Uint8Array): string {
  if (data.length !== 9) return noLimits
  const letters = Array.from({ length: LIMITED_SUITES }, (_, i) => {
    const limit = (data[1 + (i >> 1)]! >> (i % 2 === 0 ? 0 : 4)) & 0x0f
    return limits[limit] ?? 'X'
  })
  return row('Cipher Suite Priv Max', letters.join('')) + legend.map(word => row('', `    ${word}`)).join('')
}

const noThreshold = row('Bad Password Threshold', 'Not Available')

function badPassword(data: Uint8Array): string {
  if (data.length !== 6) return noThreshold
  const seconds = (i: number) => String((data[i]! | (data[i + 1]! << 8)) * 10)
  return (
    row('Bad Password Threshold', String(data[1])) +
    row('Invalid password disable', (data[0]! & 1) === 0 ? 'no' : 'yes') +
    row('Attempt Count Reset Int.', seconds(2)) +
    row('User Lockout Interval', seconds(4))
  )
}

function community(data: Uint8Array): string {
  return Buffer.from(data).toString('latin1').split('\0', 1)[0]!
}

/** In the order of their lines. */
const parts: readonly ((answers: Answers) => Lines)[] = [
  line(0, 'Set in Progress', data => setStates[at(data, 0) & 3]!),
  line(1, 'Auth Type Support', data => authTypeWords(at(data, 0))),
  answers => linesOf(answers, 2, authEnables),
  line(4, 'IP Address Source', data => sources[at(data, 0) & 0x0f] ?? 'Other'),
  line(3, 'IP Address', ipAddress),
  line(6, 'Subnet Mask', ipAddress),
  line(5, 'MAC Address', macAddress),
  line(16, 'SNMP Community String', community),
  line(7, 'IP Header', ipHeader),
  line(10, 'BMC ARP Control', arpControl),
  // In units of half a second; one is added, and what is over a whole second is lost.
  line(11, 'Gratituous ARP Intrvl', data => `${Math.floor((at(data, 0) + 1) / 2)}.0 seconds`),
  line(12, 'Default Gateway IP', ipAddress),
  line(13, 'Default Gateway MAC', macAddress),
  line(14, 'Backup Gateway IP', ipAddress),
  line(15, 'Backup Gateway MAC', macAddress),
  optionalLine(20, '802.1q VLAN ID', vlanId),
  optionalLine(21, '802.1q VLAN Priority', data => String(at(data, 0) & 7)),
  suiteIds,
  answers => linesOf(answers, 24, suiteLimits, noLimits),
  answers => linesOf(answers, 26, badPassword, noThreshold),
]
