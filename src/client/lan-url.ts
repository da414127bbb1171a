/** What a `lan://` or `lanplus://` URL says, beside what is given apart from it. */

import { type LanClientOptions, mostInFlight } from '../lan/client-options.ts'
import { quirks } from '../lan/quirks.ts'
import { RMCP_PORT } from '../lan/rmcp.ts'
import { Privilege } from '../protocol/command.ts'
import { LastwordError } from '../protocol/error.ts'
import { USER_NAME_BYTES, userNameBytes } from '../protocol/user-name.ts'
import type { LanTransportOptions } from './lan-transport.ts'
import type { SdrCache } from './sdr.ts'

export type PrivilegeName = 'callback' | 'user' | 'operator' | 'admin' | 'administrator'

export interface ConnectOptions {
  userName?: string
  /** Text is taken as UTF-8. */
  password?: string | Uint8Array
  kg?: string | Uint8Array
  privilege?: PrivilegeName
  /** Only this cipher suite. */
  cipher?: number
  /** IPMI 1.5: only this way to sign packets. */
  authType?: 'none' | 'md5' | 'password'
  quirks?: readonly string[]
  /** How long a request is tried. */
  timeoutMs?: number
  /** The first wait before a request is sent again. */
  firstWaitMs?: number
  maxInFlight?: number
  /** 0: never. */
  keepAliveMs?: number
  lookUp?: 'byName' | 'byNameAndPrivilege'
  onWarning?: (warning: LastwordError) => void
  /** Ends the log-in. */
  signal?: AbortSignal
  /** Keeps sensor data records between runs; nothing is kept without it. */
  sdrCache?: SdrCache
}

const privileges: Readonly<Record<string, Privilege>> = {
  callback: Privilege.Callback,
  user: Privilege.User,
  operator: Privilege.Operator,
  admin: Privilege.Admin,
  administrator: Privilege.Admin,
}

const maxPasswordBytes = { '1.5': 16, '2.0': 20 } as const
const MAX_KG_BYTES = 20

/** Throws LastwordError BAD_URL, NAME_TOO_LONG, PASSWORD_TOO_LONG or KG_TOO_LONG; none of them holds a secret. */
export function lanOptions(url: URL, given: ConnectOptions): LanTransportOptions {
  const version = url.protocol === 'lan:' ? '1.5' : '2.0'
  const zone = url.searchParams.get('zone')
  // A URL has no room for the zone of a link-local address.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1') + (zone === null ? '' : `%${zone}`)
  if (host === '') throw new LastwordError('BAD_URL', `${url.protocol}// lacks a host`)
  const port = url.port === '' ? RMCP_PORT : Number(url.port)
  const name = `${zone === null ? url.hostname : `[${host}]`}:${port}`
  const { searchParams } = url
  checkParameters(url, name)
  const password = bytesOf(given.password ?? decodeURIComponent(url.password))
  const kg = given.kg ?? kgOf(searchParams, name)
  return {
    ...timing(searchParams, given, name),
    host,
    port,
    name,
    version,
    userName: checkedName(given.userName ?? decodeURIComponent(url.username), name),
    password: checkedLength(
      password,
      maxPasswordBytes[version],
      'PASSWORD_TOO_LONG',
      `${name}: the password`,
    ),
    ...(kg === undefined
      ? {}
      : { kg: checkedLength(bytesOf(kg), MAX_KG_BYTES, 'KG_TOO_LONG', `${name}: the second key K_G`) }),
    ...chosen('privilege', privilegeOf(given.privilege ?? searchParams.get('privilege') ?? undefined, name)),
    ...chosen('suite', given.cipher ?? numberOf(searchParams, 'cipher', name)),
    quirks: quirksOf(given.quirks ?? searchParams.getAll('quirk'), name),
    ...chosen('authType', given.authType ?? authTypeOf(searchParams, name)),
    ...chosen('lookUp', given.lookUp),
    ...chosen('onWarning', given.onWarning),
    ...chosen('signal', given.signal),
  }
}

const parameters = [
  'zone',
  'privilege',
  'cipher',
  'auth',
  'kg',
  'kghex',
  'quirk',
  'timeout',
  'wait',
  'window',
  'keepalive',
]

function checkParameters(url: URL, name: string): void {
  const unknown = [...url.searchParams.keys()].find(key => !parameters.includes(key))
  if (unknown === undefined) return
  throw new LastwordError('BAD_URL', `${name}: nothing is known of the parameter "${unknown}"`, {
    hint: `Known are ${parameters.join(', ')}.`,
  })
}

function timing(
  parameters: URLSearchParams,
  given: ConnectOptions,
  name: string,
): Pick<LanClientOptions, 'timeoutMs' | 'firstWaitMs' | 'maxInFlight' | 'keepAliveMs'> {
  const maxInFlight = given.maxInFlight ?? numberOf(parameters, 'window', name)
  if (maxInFlight !== undefined && (maxInFlight < 1 || maxInFlight > mostInFlight))
    throw new LastwordError('BAD_URL', `${name}: window is a number from 1 to ${mostInFlight}`)
  return {
    ...chosen('timeoutMs', given.timeoutMs ?? numberOf(parameters, 'timeout', name)),
    ...chosen('firstWaitMs', given.firstWaitMs ?? numberOf(parameters, 'wait', name)),
    ...chosen('maxInFlight', maxInFlight),
    ...chosen('keepAliveMs', given.keepAliveMs ?? numberOf(parameters, 'keepalive', name)),
  }
}

function chosen<K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: T }
}

function numberOf(parameters: URLSearchParams, key: string, name: string): number | undefined {
  const text = parameters.get(key)
  if (text === null) return undefined
  const value = Number(text)
  if (Number.isInteger(value) && value >= 0 && text !== '') return value
  throw new LastwordError('BAD_URL', `${name}: "${key}=${text}" is no number`)
}

function kgOf(parameters: URLSearchParams, name: string): string | Uint8Array | undefined {
  const hex = parameters.get('kghex')
  if (hex === null) return parameters.get('kg') ?? undefined
  if (!/^([0-9a-f]{2})*$/i.test(hex))
    throw new LastwordError('BAD_URL', `${name}: kghex is no hexadecimal number`)
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

function privilegeOf(text: string | undefined, name: string): Privilege | undefined {
  if (text === undefined) return undefined
  const privilege = privileges[text.toLowerCase()]
  if (privilege !== undefined) return privilege
  throw new LastwordError('BAD_URL', `${name}: "${text}" is no privilege level`, {
    hint: `It is one of ${Object.keys(privileges).join(', ')}.`,
  })
}

function authTypeOf(parameters: URLSearchParams, name: string): ConnectOptions['authType'] {
  const text = parameters.get('auth')
  if (text === null) return undefined
  if (text === 'none' || text === 'md5' || text === 'password') return text
  throw new LastwordError('BAD_URL', `${name}: "${text}" is no authentication type`, {
    hint: 'It is one of none, md5, password.',
  })
}

function quirksOf(names: readonly string[], name: string): readonly string[] {
  const unknown = names.find(quirk => quirks[quirk] === undefined)
  if (unknown === undefined) return names
  throw new LastwordError('BAD_URL', `${name}: nothing is known of the quirk "${unknown}"`, {
    hint: `Known are ${Object.keys(quirks).join(', ')}.`,
  })
}

function checkedName(userName: string, name: string): string {
  const { length } = userNameBytes(userName)
  if (length <= USER_NAME_BYTES) return userName
  throw new LastwordError('NAME_TOO_LONG', `${name}: the user name has ${length} bytes, 16 is the most`, {
    hint: 'Letters beyond ASCII take two bytes or more.',
  })
}

function checkedLength(bytes: Uint8Array, most: number, code: string, what: string): Uint8Array {
  if (bytes.length <= most) return bytes
  throw new LastwordError(code, `${what} has ${bytes.length} bytes, ${most} is the most`, {
    hint: 'Letters beyond ASCII take two bytes or more; IPMI 1.5 takes 16 bytes of a password, IPMI 2.0 takes 20.',
  })
}

function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? new Uint8Array(Buffer.from(text, 'utf8')) : text
}
