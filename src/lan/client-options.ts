/** What a remote console has to know before it logs in. */
import type { Privilege } from '../protocol/command.ts'
import type { LastwordError } from '../protocol/error.ts'

export interface LanClientOptions {
  /** How the BMC is called in errors: host and port. */
  name: string
  version: '1.5' | '2.0'
  /** Up to 16 bytes in UTF-8. */
  userName: string
  /** Up to 16 bytes for IPMI 1.5, 20 for 2.0. */
  password: Uint8Array
  /** The BMC's second key, up to 20 bytes; none unless given. */
  kg?: Uint8Array
  /** Administrator unless given. */
  privilege?: Privilege
  /** Only this cipher suite; otherwise the strongest that is offered, never 0. */
  suite?: number
  /** IPMI 1.5: only this way to sign packets; otherwise MD5, then the password, and none where there is no password. */
  authType?: 'none' | 'md5' | 'password'
  /** By name only unless said otherwise. */
  lookUp?: 'byName' | 'byNameAndPrivilege'
  /** Names of `quirks`. */
  quirks?: readonly string[]
  /** How long a request is tried; 10 s unless given. */
  timeoutMs?: number
  /** The first wait before a request is sent again; 1 s unless given. */
  firstWaitMs?: number
  /** 32 unless given, and at the most. */
  maxInFlight?: number
  /** A session that is idle for so long asks Get Device ID; 20 s unless given, 0: never. */
  keepAliveMs?: number
  onWarning?: (warning: LastwordError) => void
  random?: (bytes: number) => Uint8Array
}

export const defaultTimeoutMs = 10_000
export const defaultFirstWaitMs = 1000
export const defaultKeepAliveMs = 20_000
/** As many as a BMC may remember to answer a repeated request without executing it again. */
export const mostInFlight = 32
