/** From flags, a named host and the environment to one BMC and how to log in to it. */
import { shownUrl } from '../../client/shown-url.ts'
import type { connectionFlags } from '../flags.ts'
import { UsageError, type ValuesOf } from '../params.ts'
import { namedHost } from './hosts.ts'
import type { HostEntry } from './hosts-schema.ts'
import { isUrl, lanUrl, withoutLogin } from './lan-url.ts'
import type { PasswordContext, PasswordSource } from './password.ts'

export type ConnectionValues = ValuesOf<typeof connectionFlags>
export type PrivilegeWord = 'callback' | 'user' | 'operator' | 'administrator'

/** Where requests go when they are not for the BMC itself. */
export interface Bridge {
  target: number
  channel: number
  transit?: { address: number; channel: number }
}

export interface Target {
  /** Without a login. */
  url: string
  username: string
  /** How to come by the password; only LAN needs one. */
  password: PasswordSource
  privilege?: PrivilegeWord
  /** Log in by name and level, not by name alone (a `+` behind -L). */
  nameLookup?: 'byNameAndPrivilege'
  cipherSuite?: number
  authType?: Exclude<ConnectionValues['authType'], undefined>
  kg?: Uint8Array
  timeoutMs?: number
  retries?: number
  family?: 4 | 6
  bridge?: Bridge
  /** Sensor data records are read from this file. */
  sdrFile?: string
}

const MAX_KG_BYTES = 20

/** Throws LastwordError USAGE or CONFIG. */
export async function resolveTarget(
  flags: ConnectionValues,
  env: NodeJS.ProcessEnv,
  ask: PasswordContext['ask'],
): Promise<Target> {
  if (flags.ipv4 && flags.ipv6) throw new UsageError('-4 and -6 exclude each other')
  if (flags.host !== undefined && flags.url !== undefined) throw new UsageError('give -H or --url, not both')
  const named = flags.host === undefined || isUrl(flags.host) ? undefined : await namedHost(flags.host, env)
  const { url, username, password } = endpoint(flags, named)
  return {
    url,
    username,
    password: passwordSource(flags, named, password),
    ...privilegeOf(flags.privilege ?? named?.privilege),
    ...given('cipherSuite', flags.cipherSuite ?? named?.cipherSuite),
    ...given('authType', flags.authType),
    ...given(
      'kg',
      (await kgOf(flags, env, ask)) ?? (named?.kg === undefined ? undefined : kgBytes(named.kg)),
    ),
    ...given('timeoutMs', flags.timeout === undefined ? undefined : flags.timeout * 1000),
    ...given('retries', flags.retries),
    ...given('family', flags.ipv4 ? (4 as const) : flags.ipv6 ? (6 as const) : undefined),
    ...given('bridge', bridgeOf(flags)),
    ...given('sdrFile', flags.sdrFile),
  }
}

function given<K extends string, V>(name: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [P in K]?: V })
}

function endpoint(flags: ConnectionValues, named: HostEntry | undefined) {
  const text = flags.url ?? (flags.host !== undefined && isUrl(flags.host) ? flags.host : named?.url)
  if (text === undefined) return { url: urlOf(flags), username: flags.user ?? '', password: undefined }
  const { url, username, password } = withoutLogin(text)
  if (flags.device !== undefined) throw new UsageError('-d is for -I open')
  if (flags.interface !== undefined) goBy(flags.interface, url)
  if (flags.port !== undefined) url.port = String(flags.port)
  return {
    url: url.href,
    username: flags.user ?? (username === '' ? (named?.user ?? '') : username),
    password,
  }
}

/** As a flag -I counts more than the URL; both are to mean the network, or the same way. */
function goBy(way: Exclude<ConnectionValues['interface'], undefined>, url: URL): void {
  const isLan = (scheme: string) => scheme === 'lan' || scheme === 'lanplus'
  const given = url.protocol.slice(0, -1)
  if (given !== way && !(isLan(given) && isLan(way))) {
    throw new UsageError(`-I ${way} does not go with ${shownUrl(url.href)}`, 'Leave one of them out.')
  }
  url.protocol = way
}

function urlOf(flags: ConnectionValues): string {
  if (flags.host === undefined && flags.interface === undefined) {
    throw new UsageError('which BMC?', 'Give -H HOST or --url URL; -H sim:// is one inside this process.')
  }
  const way = flags.interface ?? 'lanplus'
  if (flags.device !== undefined && way !== 'open') throw new UsageError('-d is for -I open')
  if (way === 'kcs') return 'kcs:///dev/port'
  if (way === 'open') return `open://${flags.device ?? 0}`
  if (flags.host === undefined) throw new UsageError(`-I ${way} wants a host`, 'Give -H HOST.')
  const url = lanUrl(way, flags.host, flags.port)
  if (url === undefined) throw noHost(flags.host, way)
  return url
}

function noHost(text: string, way: string): UsageError {
  // Before an @ may be a password.
  if (text.includes('@'))
    return new UsageError(
      '-H takes a host without a login',
      `Give the user with -U and the port with -p, or all in a URL: ${way}://USER@HOST`,
    )
  const [, name, port] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(text) ?? []
  return new UsageError(
    `"${text}" is no host name`,
    port === undefined
      ? 'Give a name or an address; user and port have flags of their own, -U and -p.'
      : `Give the port with -p (-H ${name} -p ${port}), or all in a URL: ${way}://${name}:${port}`,
  )
}

function passwordSource(
  flags: ConnectionValues,
  named: HostEntry | undefined,
  inUrl: string | undefined,
): PasswordSource {
  const sources: PasswordSource[] = []
  if (flags.password !== undefined) sources.push({ from: 'commandLine', password: flags.password })
  if (flags.passwordFile !== undefined) sources.push({ from: 'file', path: flags.passwordFile })
  if (flags.passwordEnv) {
    sources.push({ from: 'environment', names: ['IPMITOOL_PASSWORD', 'IPMI_PASSWORD'] })
  }
  if (flags.ask) sources.push({ from: 'prompt' })
  if (sources.length > 1) throw new UsageError('-P, -f, -E and -a exclude each other')
  if (sources[0] !== undefined) return sources[0]
  if (inUrl !== undefined) return { from: 'commandLine', password: inUrl }
  return named?.password ?? { from: 'anywhere' }
}

function privilegeOf(text: string | undefined): Pick<Target, 'privilege' | 'nameLookup'> {
  if (text === undefined) return {}
  const level = text.toLowerCase().replace(/\+$/, '')
  const privilege = level === 'admin' ? 'administrator' : level
  if (!isPrivilege(privilege)) {
    throw new UsageError(`-L: "${text}" is none of callback, user, operator, administrator`)
  }
  return text.endsWith('+') ? { privilege, nameLookup: 'byNameAndPrivilege' } : { privilege }
}

function isPrivilege(text: string): text is PrivilegeWord {
  return ['callback', 'user', 'operator', 'administrator'].includes(text)
}

async function kgOf(
  flags: ConnectionValues,
  env: NodeJS.ProcessEnv,
  ask: PasswordContext['ask'],
): Promise<Uint8Array | undefined> {
  if (flags.kgHex !== undefined) return kgBytes(`0x${flags.kgHex.replace(/^0x/i, '')}`)
  if (flags.kg !== undefined) return kgBytes(flags.kg)
  if (flags.kgAsk) return kgBytes(await ask('Key Kg: ', 'Give it with -k, -y or -K.'))
  if (!flags.kgEnv) return undefined
  if (env.IPMI_KGKEY === undefined) throw new UsageError('-K: IPMI_KGKEY is not set')
  return kgBytes(env.IPMI_KGKEY)
}

/** Text, or hexadecimal behind 0x; it is a secret, so no error repeats it. */
export function kgBytes(text: string): Uint8Array {
  const isHex = /^0x/i.test(text)
  if (isHex && !/^0x([0-9a-f]{2})+$/i.test(text)) throw new UsageError('the key Kg is not hexadecimal')
  const key = isHex ? Buffer.from(text.slice(2), 'hex') : Buffer.from(text, 'utf8')
  if (key.length > MAX_KG_BYTES) {
    throw new UsageError(`the key Kg has ${key.length} bytes, ${MAX_KG_BYTES} is the most`)
  }
  return Uint8Array.from(key)
}

function bridgeOf(flags: ConnectionValues): Bridge | undefined {
  const { target, channel, transitAddress, transitChannel } = flags
  if (target === undefined) {
    if (channel !== undefined || transitAddress !== undefined || transitChannel !== undefined) {
      throw new UsageError('-b, -T and -B say how to bridge; -t ADDRESS says where to')
    }
    return undefined
  }
  const hop = { target, channel: channel ?? 0 }
  if (transitAddress === undefined) return hop
  return { ...hop, transit: { address: transitAddress, channel: transitChannel ?? 0 } }
}
