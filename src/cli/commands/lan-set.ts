/** `lastword lan set`: changes a setting of a LAN channel. IPMI 2.0 rev 1.1, sections 23.1 and 22.22. */

import type { ResponseOf } from '../../protocol/command.ts'
import { GetChannelAccess, SetChannelAccess } from '../../protocol/commands/channel.ts'
import type { Parameter, ParameterValue } from '../../protocol/parameter.ts'
import { LanParameter } from '../../protocol/parameters/lan.ts'
import { subcommand } from '../declare.ts'
import { checkValue, lanParameter, type Place, setLanParameter } from '../parameters.ts'
import { integer, many, readInteger, text, UsageError } from '../params.ts'
import { tellSeen } from '../secret-words.ts'
import { fitting } from './user.ts'

type Setter = (place: Place, words: readonly string[]) => Promise<void>

interface Setting {
  /** What it takes, for the help. */
  readonly words: string
  /** The words among them that are not values, for completion. */
  readonly choices?: readonly string[]
  /** Throws UsageError, before there is a connection. */
  readonly check?: (words: readonly string[]) => void
  readonly set: Setter
}

function first(words: readonly string[], setting: string): string {
  const [word] = words
  if (word === undefined) throw new UsageError(`lan set: ${setting} wants a value`)
  // The value may be a secret with a blank in it.
  if (words.length > 1) throw new UsageError(`lan set: ${setting} takes one value, not ${words.length}`)
  return word
}

function one(words: string, setting: string, set: (place: Place, word: string) => Promise<void>): Setting {
  return { words, set: (place, given) => set(place, first(given, setting)) }
}

/** Words that are read before there is a connection. */
function parsed<T>(
  words: string,
  read: (given: readonly string[]) => T,
  set: (place: Place, value: T) => Promise<void>,
): Setting {
  return { words, check: given => void read(given), set: (place, given) => set(place, read(given)) }
}

/** A parameter whose value is text. */
function parameterOf(words: string, setting: string, parameter: Parameter<string>): Setting {
  return {
    ...one(words, setting, (place, word) => setLanParameter(place, parameter, word)),
    check: given => checkValue(parameter, first(given, setting)),
  }
}

function isOn(word: string, setting: string): boolean {
  if (word !== 'on' && word !== 'off') throw new UsageError(`lan set: ${setting} is on or off, not "${word}"`)
  return word === 'on'
}

const sources = { none: 'unspecified', static: 'static', dhcp: 'dhcp', bios: 'bios' } as const

async function setSource(place: Place, word: string): Promise<void> {
  const source = sources[word as keyof typeof sources]
  if (source === undefined)
    throw new UsageError(`lan set: ipsrc is none of ${Object.keys(sources).join(', ')}`)
  await setLanParameter(place, LanParameter.ipAddressSource, source)
}

function gateway(which: 'gateway' | 'backupGateway'): Setting {
  const parts = new Map([
    ['ipaddr', LanParameter[`${which}Address`]],
    ['macaddr', LanParameter[`${which}Mac`]],
  ])
  const part = ([kind = '', ...rest]: readonly string[]): [Parameter<string>, string] => {
    const parameter = parts.get(kind)
    if (parameter === undefined) throw new UsageError('lan set: a gateway has ipaddr ADDRESS or macaddr MAC')
    return [parameter, first(rest, kind)]
  }
  return {
    words: 'ipaddr ADDRESS|macaddr MAC',
    choices: [...parts.keys()],
    check: words => checkValue(...part(words)),
    set: (place, words) => setLanParameter(place, ...part(words)),
  }
}

async function setArp(place: Place, words: readonly string[]): Promise<void> {
  const [kind, ...rest] = words
  if (kind === 'interval') {
    const seconds = readInteger(first(rest, kind), 'interval', { min: 1, max: 127 })
    // The BMC counts half seconds, from one half on.
    return setLanParameter(place, LanParameter.gratuitousArpInterval, seconds * 2 - 1)
  }
  if (kind !== 'respond' && kind !== 'generate') {
    throw new UsageError('lan set: arp takes respond on|off, generate on|off, or interval SECONDS')
  }
  const present = await lanParameter(place, LanParameter.arpControl)
  const { responses = false, gratuitous = false } = present ?? {}
  const state = isOn(first(rest, kind), kind)
  const next = kind === 'respond' ? { responses: state, gratuitous } : { responses, gratuitous: state }
  await setLanParameter(place, LanParameter.arpControl, next)
}

const levels = ['callback', 'user', 'operator', 'admin', 'oem'] as const
const types = ['none', 'md2', 'md5', 'password', 'oem'] as const

async function setAuthentication(place: Place, words: readonly string[]): Promise<void> {
  const [levelList = '', typeList = ''] = words
  const chosenLevels = listOf(levelList, levels, 'level')
  const chosenTypes = listOf(typeList, types, 'authentication type')
  const present = await lanParameter(place, LanParameter.authenticationEnables)
  if (present === undefined) throw new UsageError('lan set: this BMC has no authentication types to enable')
  const enables = Object.fromEntries(types.map(type => [type, chosenTypes.includes(type)]))
  const changed = Object.fromEntries(chosenLevels.map(level => [level, enables]))
  await setLanParameter(place, LanParameter.authenticationEnables, { ...present, ...changed })
}

function listOf<W extends string>(text: string, words: readonly W[], what: string): W[] {
  return text.split(',').map(part => {
    const found = words.find(word => word === part.toLowerCase())
    if (found === undefined) throw new UsageError(`lan set: ${what} "${part}" is none of ${words.join(', ')}`)
    return found
  })
}

async function setVlan(place: Place, words: readonly string[]): Promise<void> {
  const [kind, ...rest] = words
  if (kind === 'priority') {
    return setLanParameter(
      place,
      LanParameter.vlanPriority,
      readInteger(first(rest, kind), 'priority', { max: 7 }),
    )
  }
  if (kind !== 'id') throw new UsageError('lan set: vlan takes id off|ID or priority 0…7')
  const word = first(rest, kind)
  const vlan =
    word === 'off'
      ? { id: 0, enabled: false }
      : { id: readInteger(word, 'id', { min: 1, max: 4094 }), enabled: true }
  await setLanParameter(place, LanParameter.vlan, vlan)
}

const privilegeLetters = { X: 0, c: 'callback', u: 'user', o: 'operator', a: 'admin', O: 'oem' } as const
const LETTERS = 15

function suiteLimits(words: readonly string[]) {
  const limits = [...first(words, 'cipher_privs')].map(letter => {
    const limit = privilegeLetters[letter as keyof typeof privilegeLetters]
    if (limit === undefined) throw new UsageError(`lan set: "${letter}" is none of X, c, u, o, a, O`)
    return limit
  })
  // A letter too few would switch suites off.
  if (limits.length !== LETTERS)
    throw new UsageError(`lan set: cipher_privs takes ${LETTERS} letters, not ${limits.length}`)
  return limits
}

async function setSuiteLimits(place: Place, limits: ReturnType<typeof suiteLimits>): Promise<void> {
  const present = await lanParameter(place, LanParameter.cipherSuitePrivileges)
  // The sixteenth has no letter and stays.
  const all = [...limits, present?.entries[7]?.odd ?? 0]
  const entries = Array.from({ length: all.length / 2 }, (_, i) => ({
    even: all[i * 2]!,
    odd: all[i * 2 + 1]!,
  }))
  await setLanParameter(place, LanParameter.cipherSuitePrivileges, { entries })
}

const BAD_PASSWORD_WORDS = 'THRESHOLD 0|1 RESET LOCKOUT, the last two in tens of seconds (60: ten minutes)'
const U16 = { max: 0xffff }

/** The intervals stand for tens of seconds, as on the wire and with ipmitool. */
function badPasswordPolicy(words: readonly string[]): ParameterValue<typeof LanParameter.badPassword> {
  const [threshold, event, reset, lockout, ...others] = words
  if (threshold === undefined || event === undefined || reset === undefined || lockout === undefined)
    throw new UsageError(`lan set: bad_pass_thresh takes ${BAD_PASSWORD_WORDS}`)
  if (others.length > 0) throw new UsageError(`lan set: "${others[0]}" is too many`)
  return {
    threshold: readInteger(threshold, 'threshold', { max: 0xff }),
    event: readInteger(event, 'event', { max: 1 }) === 1,
    countResetTime: readInteger(reset, 'reset', U16),
    lockoutTime: readInteger(lockout, 'lockout', U16),
  }
}

function setAccess(place: Place, word: string): Promise<void> {
  return changeAccess(place, { mode: isOn(word, 'access') ? 'always' : 'disabled' })
}

type ChannelAccess = ResponseOf<typeof GetChannelAccess>['access']

/** Both what holds now and what is stored. */
async function changeAccess({ bmc, channel, signal }: Place, changed: Partial<ChannelAccess>): Promise<void> {
  for (const change of ['nonVolatile', 'volatile'] as const) {
    const present = await bmc.run(GetChannelAccess, { channel, get: { which: change } }, { signal })
    const request = {
      channel,
      access: { ...present.access, ...changed, change },
      limit: { privilege: present.privilegeLimit, change },
    }
    await bmc.run(SetChannelAccess, request, { signal })
  }
}

/** The one without a name, as BMCs are delivered. */
const DEFAULT_USER = 1

async function setAlerting(place: Place, word: string): Promise<void> {
  const pefAlertingDisabled = !isOn(word, 'alert')
  await changeAccess(place, { pefAlertingDisabled })
}

async function enableDefaultUser({ bmc, channel, signal }: Place, words: readonly string[]): Promise<void> {
  if (words.length > 0) throw new UsageError(`lan set: "${words[0]}" is too many`)
  await bmc.users.setAccess(
    DEFAULT_USER,
    channel,
    { ipmiMessaging: true, privilegeLimit: 'admin' },
    { signal },
  )
  await bmc.users.enable(DEFAULT_USER, { signal })
}

const onOff = ['on', 'off']

const settings: Readonly<Record<string, Setting>> = {
  ipaddr: parameterOf('ADDRESS', 'ipaddr', LanParameter.ipAddress),
  netmask: parameterOf('MASK', 'netmask', LanParameter.subnetMask),
  macaddr: parameterOf('MAC', 'macaddr', LanParameter.macAddress),
  ipsrc: { ...one('none|static|dhcp|bios', 'ipsrc', setSource), choices: Object.keys(sources) },
  snmp: parameterOf('COMMUNITY', 'snmp', LanParameter.communityString),
  defgw: gateway('gateway'),
  bakgw: gateway('backupGateway'),
  arp: {
    words: 'respond on|off, generate on|off, interval SECONDS',
    choices: ['respond', 'generate', 'interval', ...onOff],
    set: setArp,
  },
  auth: { words: 'LEVEL,… TYPE,…', choices: [...levels, ...types], set: setAuthentication },
  vlan: { words: 'id off|ID, priority 0…7', choices: ['id', 'priority', 'off'], set: setVlan },
  cipher_privs: parsed(
    'fifteen letters of X, c, u, o, a, O, one for each suite in the order of lan print (X: not to be used)',
    suiteLimits,
    setSuiteLimits,
  ),
  bad_pass_thresh: {
    ...parsed(BAD_PASSWORD_WORDS, badPasswordPolicy, (place, policy) =>
      setLanParameter(place, LanParameter.badPassword, policy),
    ),
    choices: ['0', '1'],
  },
  access: { ...one('on|off', 'access', setAccess), choices: onOff },
  alert: { ...one('on|off: whether PEF may send alerts', 'alert', setAlerting), choices: onOff },
  user: { words: '(without a value) lets user 1 log in as administrator', set: enableDefaultUser },
  password: {
    ...one('PASSWORD of user 1; user set password asks for it', 'password', ({ bmc, signal }, word) =>
      bmc.users.setPassword(DEFAULT_USER, word, { signal }),
    ),
    check: words => void fitting(first(words, 'password'), undefined),
  },
}

/** What of them is secret. */
const secretSettings = new Map<string, 'community' | 'password'>([
  ['snmp', 'community'],
  ['password', 'password'],
])

export const lanSet = subcommand({
  name: 'set',
  summary: 'changes a setting of a LAN channel',
  args: {
    channel: integer('CHANNEL', 'channel', { max: 15 }),
    setting: { ...text('SETTING', 'what to change'), choices: Object.keys(settings) },
    values: {
      ...many(text('VALUE', 'what to change it to')),
      choices: [...new Set(Object.values(settings).flatMap(({ choices = [] }) => choices))],
    },
  },
  hides: ([, setting = '']) => secretSettings.has(setting),
  details: Object.entries(settings)
    .map(([name, { words }]) => `  ${name} ${words}`)
    .join('\n'),
  async run(context, { channel, setting, values }) {
    const { bmc, signal } = context
    const chosen = Object.hasOwn(settings, setting) ? settings[setting] : undefined
    if (chosen === undefined) {
      throw new UsageError(
        `lan set: there is no setting "${setting}"`,
        `There are: ${Object.keys(settings).join(', ')}.`,
      )
    }
    const secret = secretSettings.get(setting)
    if (secret !== undefined) tellSeen(context, secret)
    chosen.check?.(values)
    await chosen.set({ bmc: await bmc(), channel, signal }, values)
    return { channel, setting, values: secret === undefined ? values : [] }
  },
  view: as =>
    as.lines(({ channel, setting, values }) =>
      `Channel ${channel}: ${setting} is set ${values.length === 0 ? '' : `to ${values.join(' ')}`}`
        .trimEnd()
        .concat('.'),
    ),
})
