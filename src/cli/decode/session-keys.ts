/** Follows the log-ins in a capture, so that with the password their sessions can be read, and tells why one cannot. IPMI 2.0 rev 1.1, section 13.15. */
import { suiteOf } from '../../lan/cipher-suites.ts'
import type { Protection } from '../../lan/protection.ts'
import {
  protectionOf,
  type RakpState,
  rakp2AuthCode,
  rakp4IntegrityCheck,
  sessionIntegrityKey,
} from '../../lan/rakp.ts'
import { decodeRmcp, RmcpClass } from '../../lan/rmcp.ts'
import { decodePlus, openPlus } from '../../lan/rmcpplus.ts'
import { openSessionResponse, rakp1, rakp2, rakp4, readSetup, roleOf } from '../../lan/session-setup.ts'
import { PayloadType } from '../../protocol/commands/payload.ts'
import { AuthType } from '../../protocol/commands/session.ts'
import type { Opener, Sealed } from './datagram.ts'
import type { CapturedDatagram } from './pcap.ts'

export interface Secrets {
  /** Undefined: none was given, and a session without one may be read all the same. */
  password: Uint8Array | undefined
  kg: Uint8Array | undefined
}

type Between = Pick<CapturedDatagram, 'from' | 'to' | 'fromPort' | 'toPort'>

/** What was heard of a log-in; whether the secrets are its own is known from the codes of RAKP 2 and 4. */
interface Login {
  state: Partial<RakpState> & Pick<RakpState, 'bmcId' | 'consoleId'>
  keys?: { protection: Protection; sik: Uint8Array }
  password?: 'fits' | 'wrong'
  kg?: 'fits' | 'wrong'
}

export class SessionKeys {
  readonly #secrets: Secrets
  /** By the two ends and by either end's name for the session: the last log-in there. */
  readonly #logins = new Map<string, Login>()

  constructor(secrets: Secrets) {
    this.#secrets = secrets
  }

  /** Learns from the messages of a log-in. */
  watch({ data, ...between }: Between & { data: Uint8Array }): void {
    const rmcp = decodeRmcp(data)
    if (rmcp?.messageClass !== RmcpClass.Ipmi || rmcp.data[0] !== AuthType.RmcpPlus) return
    const packet = decodePlus(rmcp.data)
    if (packet?.payloadType === PayloadType.OpenSessionResponse) this.#opened(packet.payload, between)
    if (packet?.payloadType === PayloadType.Rakp1) this.#challenged(packet.payload, between)
    if (packet?.payloadType === PayloadType.Rakp2) this.#answered(packet.payload, between)
    if (packet?.payloadType === PayloadType.Rakp4) this.#confirmed(packet.payload, between)
  }

  #opened(payload: Uint8Array, between: Between): void {
    const message = readSetup(openSessionResponse, payload)
    if (message?.bmcId === undefined || message.algorithms === undefined) return
    const suite = suiteOf(message.algorithms)
    if (suite === undefined) return
    const { bmcId, consoleId } = message
    const { password = noBytes, kg = noBytes } = this.#secrets
    this.#logins.set(keyOf(between, bmcId), { state: { password, kg, suite, bmcId, consoleId } })
  }

  #challenged(payload: Uint8Array, between: Between): void {
    const message = readSetup(rakp1, payload)
    const login = message === null ? undefined : this.#logins.get(keyOf(between, message.bmcId))
    if (message === null || login === undefined) return
    const { consoleRandom, userName } = message
    Object.assign(login.state, { consoleRandom, userName, role: roleOf(message.role) })
    // ipmitool's always have one name: of all that were opened under it, this one goes on.
    this.#logins.set(keyOf(between, login.state.consoleId), login)
  }

  #answered(payload: Uint8Array, between: Between): void {
    const message = readSetup(rakp2, payload)
    if (message?.bmcRandom === undefined || message.guid === undefined) return
    const login = this.#logins.get(keyOf(between, message.consoleId))
    if (login === undefined) return
    const { state } = login
    Object.assign(state, { bmcRandom: message.bmcRandom, guid: message.guid })
    if (!isWhole(state)) return
    login.password = verdict(message.authCode, rakp2AuthCode(state))
    const sik = sessionIntegrityKey(state)
    login.keys = { protection: protectionOf(state, sik), sik }
  }

  #confirmed(payload: Uint8Array, between: Between): void {
    const message = readSetup(rakp4, payload)
    const login = message === null ? undefined : this.#logins.get(keyOf(between, message.consoleId))
    if (message?.status !== 0 || login?.keys === undefined || !isWhole(login.state)) return
    login.kg = verdict(message.integrityCheck, rakp4IntegrityCheck(login.state, login.keys.sik))
  }

  /** Opens packets that went between these two, or tells why one cannot be read. */
  opener(between: Between): Opener {
    return packet => {
      const login = this.#logins.get(keyOf(between, packet.sessionId))
      const clear = login?.keys === undefined ? null : openPlus(packet, login.keys.protection, 'may')
      return clear ?? this.#reason(login)
    }
  }

  #reason({ keys, password, kg }: Partial<Login> = {}): Sealed {
    const given = this.#secrets
    if (keys !== undefined && password === 'fits') {
      if (kg === 'fits') return 'damaged'
      return given.kg === undefined ? 'noKg' : 'wrongKg'
    }
    if (given.password === undefined) return 'noPassword'
    return keys === undefined ? 'noLogin' : 'wrongPassword'
  }
}

const noBytes = new Uint8Array(0)

function verdict(captured: Uint8Array, computed: Uint8Array): 'fits' | 'wrong' {
  return Buffer.compare(captured, computed) === 0 ? 'fits' : 'wrong'
}

function keyOf({ from, to, fromPort, toPort }: Between, sessionId: number): string {
  return [[`${from}:${fromPort}`, `${to}:${toPort}`].sort(), sessionId].join(' ')
}

const parts = ['suite', 'consoleRandom', 'bmcRandom', 'guid', 'role', 'userName'] as const

function isWhole(state: Login['state']): state is RakpState {
  return parts.every(part => state[part] !== undefined)
}
