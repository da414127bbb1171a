/** Follows the log-ins in a capture, so that with the password their sessions can be read. IPMI 2.0 rev 1.1, section 13.15. */
import { suiteOf } from '../../lan/cipher-suites.ts'
import type { Protection } from '../../lan/protection.ts'
import { protectionOf, type RakpState, sessionIntegrityKey } from '../../lan/rakp.ts'
import { decodeRmcp, RmcpClass } from '../../lan/rmcp.ts'
import { decodePlus, openPlus, type PlusPacket } from '../../lan/rmcpplus.ts'
import { openSessionResponse, rakp1, rakp2, readSetup, roleOf } from '../../lan/session-setup.ts'
import { PayloadType } from '../../protocol/commands/payload.ts'
import { AuthType } from '../../protocol/commands/session.ts'

export interface Secrets {
  password: Uint8Array
  kg: Uint8Array
}

export class SessionKeys {
  readonly #secrets: Secrets
  readonly #logins = new Map<number, Partial<RakpState>>()
  readonly #protections = new Map<number, Protection>()

  constructor(secrets: Secrets) {
    this.#secrets = secrets
  }

  /** Learns from the messages of a log-in. */
  watch(datagram: Uint8Array): void {
    const rmcp = decodeRmcp(datagram)
    if (rmcp?.messageClass !== RmcpClass.Ipmi || rmcp.data[0] !== AuthType.RmcpPlus) return
    const packet = decodePlus(rmcp.data)
    if (packet?.payloadType === PayloadType.OpenSessionResponse) this.#opened(packet.payload)
    if (packet?.payloadType === PayloadType.Rakp1) this.#challenged(packet.payload)
    if (packet?.payloadType === PayloadType.Rakp2) this.#answered(packet.payload)
  }

  #opened(payload: Uint8Array): void {
    const message = readSetup(openSessionResponse, payload)
    if (message?.bmcId === undefined || message.algorithms === undefined) return
    const suite = suiteOf(message.algorithms)
    if (suite === undefined) return
    this.#logins.set(message.bmcId, {
      ...this.#secrets,
      suite,
      bmcId: message.bmcId,
      consoleId: message.consoleId,
    })
  }

  #challenged(payload: Uint8Array): void {
    const message = readSetup(rakp1, payload)
    const login = message === null ? undefined : this.#logins.get(message.bmcId)
    if (message === null || login === undefined) return
    const { consoleRandom, userName } = message
    Object.assign(login, { consoleRandom, userName, role: roleOf(message.role) })
  }

  #answered(payload: Uint8Array): void {
    const message = readSetup(rakp2, payload)
    if (message?.bmcRandom === undefined || message.guid === undefined) return
    const login = [...this.#logins.values()].find(({ consoleId }) => consoleId === message.consoleId)
    if (login === undefined) return
    Object.assign(login, { bmcRandom: message.bmcRandom, guid: message.guid })
    if (!isWhole(login)) return
    const protection = protectionOf(login, sessionIntegrityKey(login))
    this.#protections.set(login.bmcId, protection)
    this.#protections.set(login.consoleId, protection)
  }

  /** The payload in the clear; null when the session is not known, or the password is not its own. */
  readonly open = (packet: PlusPacket): Uint8Array | null => {
    const protection = this.#protections.get(packet.sessionId)
    return protection === undefined ? null : openPlus(packet, protection, 'may')
  }
}

const parts = [
  'suite',
  'consoleId',
  'bmcId',
  'consoleRandom',
  'bmcRandom',
  'guid',
  'role',
  'userName',
] as const

function isWhole(login: Partial<RakpState>): login is RakpState {
  return parts.every(part => login[part] !== undefined)
}
