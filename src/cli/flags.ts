/** The flags that every command takes: ipmitool's letters for the connection, and the output's format. */

import { refuseLeftOut } from './left-out.ts'
import { formats } from './output/formats.ts'
import {
  choice,
  file,
  flag,
  integer,
  optional,
  type Param,
  readInteger,
  text,
  UsageError,
  withShort,
} from './params.ts'

export const privilegeWords = ['callback', 'user', 'operator', 'administrator'] as const

/** A value that ipmitool takes and that is left out is refused with the reason. */
function orLeftOut<T>(letter: string, param: Param<T>): Param<T> {
  return {
    ...param,
    read(words, name) {
      refuseLeftOut(`-${letter} ${words[0]?.toLowerCase()}`)
      return param.read(words, name)
    },
  }
}

/** A wrong word of -p may be a password that was meant for -P. */
const port: Param<number> = {
  ...integer('PORT', 'UDP port (623)', { min: 1, max: 65535 }),
  read([word = ''], name) {
    if (!/^(0x[0-9a-f]+|\d+)$/i.test(word))
      throw new UsageError(`${name} takes a number`, 'A password is given with -P.')
    return readInteger(word, name, { min: 1, max: 65535 })
  },
}

export const connectionFlags = {
  host: optional(
    withShort('H', {
      ...text('HOST', 'the BMC: a name or address, a named host, or a URL'),
      completes: 'host',
    }),
  ),
  url: optional(
    text('URL', 'the BMC as a URL: lanplus://admin@bmc.example, open://0, kcs:///dev/port, sim://'),
  ),
  interface: optional(
    withShort(
      'I',
      orLeftOut('I', choice(['lanplus', 'lan', 'open', 'kcs'], 'the way to it (lanplus with -H)')),
    ),
  ),
  device: optional(withShort('d', integer('N', 'the device /dev/ipmiN of -I open (0)', { max: 255 }))),
  port: optional(withShort('p', port)),
  user: optional(withShort('U', text('NAME', 'user name'))),
  password: optional(
    withShort('P', text('PASSWORD', 'password; the process list shows it for a moment: prefer the others')),
  ),
  passwordEnv: flag('password from IPMITOOL_PASSWORD or IPMI_PASSWORD', 'E'),
  passwordFile: optional(withShort('f', file('FILE', "password from a file's first line"))),
  ask: flag('ask for the password', 'a'),
  cipherSuite: optional(
    withShort('C', integer('ID', 'cipher suite (the strongest that is offered)', { max: 255 })),
  ),
  authType: optional(
    withShort('A', orLeftOut('A', choice(['none', 'password', 'md5'], 'authentication type of -I lan'))),
  ),
  privilege: optional(
    withShort('L', {
      ...text(
        privilegeWords.join('|'),
        'privilege level (administrator); a + at its end looks the name up by level',
      ),
      choices: privilegeWords,
    }),
  ),
  kg: optional(withShort('k', text('KEY', 'the BMC key Kg; seen as -P is'))),
  kgHex: optional(withShort('y', text('HEX', 'the BMC key Kg in hexadecimal; seen as -P is'))),
  kgEnv: flag('the BMC key Kg from IPMI_KGKEY', 'K'),
  kgAsk: flag('ask for the BMC key Kg', 'Y'),
  target: optional(withShort('t', integer('ADDRESS', 'bridge to this slave address', { max: 255 }))),
  channel: optional(withShort('b', integer('CHANNEL', 'channel to bridge over (0)', { max: 15 }))),
  transitAddress: optional(
    withShort('T', integer('ADDRESS', 'bridge by way of this slave address', { max: 255 })),
  ),
  transitChannel: optional(
    withShort('B', integer('CHANNEL', 'channel to the address of -T (0)', { max: 15 })),
  ),
  lun: optional(withShort('l', integer('LUN', 'logical unit for raw', { max: 3 }))),
  sdrFile: optional(
    withShort('S', file('FILE', 'sensor data records from this file of sdr dump, not from the BMC')),
  ),
  timeout: optional(
    withShort('N', integer('SECONDS', 'wait so long before a request is sent again', { min: 1, max: 3600 })),
  ),
  retries: optional(withShort('R', integer('N', 'send a request again so often', { max: 255 }))),
  ipv4: flag('only IPv4', '4'),
  ipv6: flag('only IPv6', '6'),
} as const

export const outputFlags = {
  format: optional(choice(formats, 'how to print (table)')),
  json: flag('--format json'),
  ndjson: flag('--format ndjson: one JSON object a line, as they come in'),
  csv: flag('--format csv', 'c'),
  yaml: flag('--format yaml'),
} as const

export const generalFlags = {
  help: flag('print help', 'h'),
  version: flag('print the version', 'V'),
  verbose: flag('tell how many requests a command took; twice: tell each, as --trace does', 'v'),
  quiet: flag('no remarks on standard error', 'q'),
  utc: flag('dates in UTC', 'Z'),
  escapeKey: optional(withShort('e', text('CHAR', 'before the letter of an escape key of sol activate (~)'))),
  trace: flag('print each request and response in words on standard error'),
  debug: flag('print stack traces with errors'),
} as const

export const globalFlags = { ...connectionFlags, ...outputFlags, ...generalFlags }
