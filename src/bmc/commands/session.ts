/** Sessions as the simulated BMC serves them, from the session server of a channel. IPMI 2.0 rev 1.1, sections 22.13 to 22.20. */

import { anyAuthTypes, isKgSet } from '../../lan/accounts.ts'
import { type CipherSuite, cipherSuites, encodeSuiteRecords } from '../../lan/cipher-suites.ts'
import type { LanServerMachine } from '../../lan/server.ts'
import type { ServerSession } from '../../lan/server-session.ts'
import { PlusLink } from '../../lan/session-link.ts'
import { Privilege } from '../../protocol/command.ts'
import {
  ActivateSession,
  CloseSession,
  GetChannelAuthenticationCapabilities,
  GetChannelCipherSuites,
  GetSessionChallenge,
  GetSessionInfo,
  type SessionChoice,
  SetSessionPrivilegeLevel,
} from '../../protocol/commands/session.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import type { Bmc } from '../bmc.ts'
import { type Caller, type Served, serve } from '../serve.ts'

const PRESENT_CHANNEL = 0x0e
/** Bytes of cipher suite records in one answer. */
const RECORD_BYTES = 16
const LEVEL_NOT_AVAILABLE = 0x80
const LEVEL_EXCEEDS_LIMIT = 0x81
const INVALID_SESSION_ID = 0x87
const INVALID_SESSION_HANDLE = 0x88
const PROTOCOL_RMCP_PLUS = 1
const UNKNOWN_MAC = '00:00:00:00:00:00'

/** The session server of a channel; Eh is the one that the request comes over. */
function serverOf(channel: number, bmc: Bmc, caller: Caller): LanServerMachine | undefined {
  return bmc.lanServers.get(channel === PRESENT_CHANNEL ? caller.channel : channel)
}

function userKinds(server: LanServerMachine) {
  const users = [...server.accounts.users()]
  const nullUsers = users.filter(user => user.name === '')
  return {
    anonymousLogin: nullUsers.some(user => user.password.length === 0),
    nullUsers: nullUsers.some(user => user.password.length > 0),
    namedUsers: users.some(user => user.name !== ''),
  }
}

function offeredSuites(server: LanServerMachine): CipherSuite[] {
  const { suites } = server.accounts
  return cipherSuites.filter(suite => suites.has(suite.id))
}

function listAlgorithms(suites: readonly CipherSuite[]): Uint8Array {
  const distinct = (kind: 'authentication' | 'integrity' | 'confidentiality', tag: number) =>
    [...new Set(suites.map(suite => suite[kind]))].map(algorithm => tag | algorithm)
  return Uint8Array.from([
    ...distinct('authentication', 0x00),
    ...distinct('integrity', 0x40),
    ...distinct('confidentiality', 0x80),
  ])
}

/** The sessions of all channels, for who asks from any. */
function allSessions(bmc: Bmc): { server: LanServerMachine; session: ServerSession }[] {
  return [...bmc.lanServers.values()].flatMap(server =>
    server.sessions.all().map(session => ({ server, session })),
  )
}

function chosen(choice: SessionChoice, bmc: Bmc, caller: Caller) {
  const all = allSessions(bmc)
  if (choice.by === 'own') return all.find(({ session }) => session === caller.lan?.session)
  if (choice.by === 'index') return all[choice.index - 1]
  if (choice.by === 'id') return all.find(({ session }) => session.id === choice.id)
  return all.find(({ session }) => session.handle === choice.handle)
}

export const sessionCommands: Served[] = [
  serve(GetChannelAuthenticationCapabilities, ({ of, privilege }, bmc, caller) => {
    const server = serverOf(of.channel, bmc, caller)
    if (server === undefined || privilege === 0 || privilege > Privilege.Oem)
      return CompletionCode.InvalidDataField
    const offers = server.v15.offersAt(privilege as Privilege)
    return {
      channel: server.channel,
      authTypes: { ...offers, extended: of.extended },
      status: {
        ...userKinds(server),
        // Set Channel Access refuses it.
        userLevelAuthDisabled: false,
        perMessageAuthDisabled: server.accounts.perMessageAuthentication === 'may',
        kgIsSet: of.extended && isKgSet(server.accounts.kg),
      },
      connections: {
        ipmi15: of.extended && anyAuthTypes(server.accounts).size > 0,
        ipmi20: of.extended,
      },
      oemId: 0,
      oemAuxiliary: 0,
    }
  }),
  serve(GetChannelCipherSuites, ({ channel, list }, bmc, caller) => {
    const server = serverOf(channel, bmc, caller)
    if (server === undefined) return CompletionCode.InvalidDataField
    const suites = offeredSuites(server)
    const records = list.bySuite ? encodeSuiteRecords(suites) : listAlgorithms(suites)
    const from = list.index * RECORD_BYTES
    return { channel: server.channel, records: records.subarray(from, from + RECORD_BYTES) }
  }),
  serve(GetSessionChallenge, (request, _, { lan }) =>
    lan === undefined || lan.session !== null
      ? CompletionCode.NotSupportedInState
      : lan.server.v15.challenge(request, lan.peer, lan.nowMs),
  ),
  serve(ActivateSession, (request, _, { lan }) =>
    lan === undefined || lan.session !== null
      ? CompletionCode.NotSupportedInState
      : lan.server.v15.activate(request, lan.login),
  ),
  serve(SetSessionPrivilegeLevel, ({ privilege }, _, { lan }) => {
    const session = lan?.session
    if (session === undefined || session === null) return CompletionCode.NotSupportedInState
    if (privilege === 0) return { privilege: session.privilege }
    if (privilege < Privilege.User || privilege > Privilege.Oem) return LEVEL_NOT_AVAILABLE
    if (privilege > session.maximum) return LEVEL_EXCEEDS_LIMIT
    session.privilege = privilege as Privilege
    return { privilege }
  }),
  serve(CloseSession, ({ sessionId, handle }, bmc, caller) => {
    const byHandle = sessionId === 0 && handle !== undefined
    const found = chosen(byHandle ? { by: 'handle', handle } : { by: 'id', id: sessionId }, bmc, caller)
    if (found === undefined) return byHandle ? INVALID_SESSION_HANDLE : INVALID_SESSION_ID
    const { server, session } = found
    // Its own end waits until the answer is out; that of others is an administrator's to decide.
    if (session === caller.lan?.session) session.isClosing = true
    else if (caller.privilege < Privilege.Admin) return CompletionCode.InsufficientPrivilege
    else server.close(session)
    return {}
  }),
  serve(GetSessionInfo, ({ session: choice }, bmc, caller) => {
    const all = allSessions(bmc)
    const possible = [...bmc.lanServers.values()].reduce((sum, server) => sum + server.sessions.capacity, 0)
    const counts = { possible: Math.min(possible, 63), active: Math.min(all.length, 63) }
    const found = chosen(choice, bmc, caller)
    if (found === undefined) return { handle: 0, ...counts }
    const { session, server } = found
    return {
      handle: session.handle,
      ...counts,
      userId: session.account.id,
      operating: session.privilege,
      on: { channel: server.channel, protocol: session.link instanceof PlusLink ? PROTOCOL_RMCP_PLUS : 0 },
      ipAddress: ipv4Of(session.peer.address),
      macAddress: UNKNOWN_MAC,
      port: session.peer.port,
    }
  }),
]

/** What fits into the four bytes that there are; an IPv6 peer is told as 0.0.0.0. */
function ipv4Of(address: string): string {
  const mapped = address.replace(/^::ffff:/, '')
  return /^\d+\.\d+\.\d+\.\d+$/.test(mapped) ? mapped : '0.0.0.0'
}
