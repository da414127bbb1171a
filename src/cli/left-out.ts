/** What ipmitool 1.8.19 has and this program has not, each with its reason; docs/cli.md lists it from here. */
import { UsageError } from './params.ts'

export interface LeftOut {
  /** The words or the flag as ipmitool takes them. */
  readonly words: readonly string[]
  readonly why: string
}

const maker = "a maker's own commands; raw sends them"
const bladeSystem = 'for AdvancedTCA and MicroTCA systems; raw sends the commands'

export const leftOut: readonly LeftOut[] = [
  {
    words: ['i2c', 'spd', 'gendev'],
    why: 'devices behind the BMC; raw sends Master Write-Read (raw 6 0x52)',
  },
  { words: ['lan6'], why: 'IPv6 settings of a LAN channel; raw sends them (raw 0x0c 1 and 2)' },
  { words: ['tsol', 'isol'], why: 'serial over LAN before IPMI 2.0, each of one maker; sol is the standard' },
  { words: ['nm', 'sunoem', 'kontronoem', 'delloem', 'ime'], why: maker },
  { words: ['picmg', 'vita', 'ekanalyzer', 'fru upgEkey'], why: bladeSystem },
  { words: ['hpm', 'fwum'], why: 'updates firmware, which is left to the tool of its maker' },
  { words: ['firewall'], why: 'few BMCs have it; raw sends the commands of section 21' },
  {
    words: ['fru get', 'fru edit ID oem'],
    why: 'multi-records of one maker; fru read and fru write take all of them along',
  },
  {
    words: ['sdr fill'],
    why: 'the repository is written by the maker of the system; raw sends Add SDR (raw 0x0a 0x24)',
  },
  { words: ['pef event', 'pef pet'], why: 'ipmitool answers Not implemented; event sends events' },
  {
    words: ['dcmi oob_discover'],
    why: 'a ping without a login; dcmi discover tells the same and more',
  },
  {
    words: ['set localaddr', '-m'],
    why: 'the address of the system interface is the kernel driver’s or the BMC’s business',
  },
  { words: ['set password'], why: 'it would be seen on the screen; -f, -E, -a or a named host give it' },
  {
    words: ['sol activate usesolkeepalive', 'sol activate nokeepalive'],
    why: 'the session keeps itself alive; sol activate alone is right',
  },
  { words: ['-o', '-g', '-s'], why: 'what a BMC does in its own way is found out by itself' },
  { words: ['-z'], why: 'how long messages may be is found out by itself' },
  { words: ['-O'], why: 'no file of words for OEM events; the bytes are printed' },
  {
    words: ['-D', '-I serial-terminal', '-I serial-basic'],
    why: 'no serial interface; -I open and -I kcs talk in-band',
  },
  {
    words: ['-I imb', '-I free', '-I dummy', '-I usb'],
    why: 'interfaces of other drivers; -I open is the kernel’s',
  },
  { words: ['-A md2', '-A oem'], why: 'broken, or of one maker; -A md5' },
]

const heads = new Set(leftOut.flatMap(({ words }) => words.map(headOf)))

function headOf(line: string): string {
  return line.split(' ', 1)[0]!
}

/** Whether a line that begins so may be one; asked of each line of exec. */
export function mayBeLeftOut(line: string): boolean {
  return heads.has(headOf(line))
}

/** Throws UsageError with the reason when ipmitool has these words and they are left out. */
export function refuseLeftOut(line: string): void {
  for (const { words, why } of leftOut) {
    const asked = words.find(word => line === word || line.startsWith(`${word} `))
    if (asked !== undefined) throw new UsageError(`${asked}, which ipmitool has, is left out`, sentence(why))
  }
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
