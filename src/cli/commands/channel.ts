/** `lastword channel`: channels, their access and cipher suites. IPMI 2.0 rev 1.1, sections 22.13 to 22.24. */
import type { Bmc } from '../../client/bmc.ts'
import { PRESENT_CHANNEL } from '../../client/users.ts'
import { cipherSuite, decodeSuiteRecords } from '../../lan/cipher-suites.ts'
import { GetChannelAccess } from '../../protocol/commands/channel.ts'
import { GetChannelInfo } from '../../protocol/commands/messaging.ts'
import { PayloadType } from '../../protocol/commands/payload.ts'
import {
  GetChannelAuthenticationCapabilities,
  GetChannelCipherSuites,
} from '../../protocol/commands/session.ts'
import { GetUserAccess, SetUserAccess } from '../../protocol/commands/user.ts'
import { assignments } from '../assignments.ts'
import { group, subcommand } from '../declare.ts'
import { hex } from '../hex.ts'
import { unlessRefused } from '../parameters.ts'
import { choice, integer, onOrOff, optional, text } from '../params.ts'
import { flagPhrases, phrase } from '../phrase.ts'
import { privilegeLevel } from './user.ts'

const channelArg = optional(integer('CHANNEL', 'channel (the one that is used)', { max: 15 }))

const info = subcommand({
  name: 'info',
  summary: 'medium, protocol and access of a channel',
  args: { channel: channelArg },
  async run({ bmc, signal }, { channel = PRESENT_CHANNEL }) {
    const open = await bmc()
    const about = await open.run(GetChannelInfo, { of: { channel } }, { signal })
    const access = (which: 'volatile' | 'nonVolatile') =>
      open.run(GetChannelAccess, { channel, get: { which } }, { signal }).catch(unlessRefused)
    const [present, stored] = await Promise.all([access('volatile'), access('nonVolatile')])
    const { actual, medium, protocol, sessions, vendorId } = about
    return {
      channel: actual.channel,
      medium: medium.type,
      protocol: protocol.type,
      sessions,
      vendorId,
      volatile: present,
      nonVolatile: stored,
    }
  },
  view: as =>
    as.record(
      ['channel', data => data.channel],
      ['medium', data => phrase(data.medium)],
      ['protocol', data => phrase(data.protocol)],
      ['sessions', data => phrase(data.sessions.support)],
      ['active sessions', data => data.sessions.active],
      ['vendor ID', data => data.vendorId],
      ['access now', data => (data.volatile === undefined ? undefined : phrase(data.volatile.access.mode))],
      [
        'privilege limit now',
        data => (data.volatile === undefined ? undefined : phrase(data.volatile.privilegeLimit)),
      ],
      [
        'access stored',
        data => (data.nonVolatile === undefined ? undefined : phrase(data.nonVolatile.access.mode)),
      ],
      [
        'privilege limit stored',
        data => (data.nonVolatile === undefined ? undefined : phrase(data.nonVolatile.privilegeLimit)),
      ],
    ),
})

const getaccess = subcommand({
  name: 'getaccess',
  summary: 'what users may do on a channel',
  args: {
    channel: integer('CHANNEL', 'channel', { max: 15 }),
    user: optional(integer('USER', 'user ID; all when it is left out', { min: 1, max: 63 })),
  },
  async run({ bmc, signal }, { channel, user }) {
    const open = await bmc()
    const read = async (userId: number) => {
      const { access, enabled, maxUsers } = await open.run(GetUserAccess, { channel, userId }, { signal })
      return { userId, maxUsers, enabled: enabled.status, ...access }
    }
    if (user !== undefined) return [await read(user)]
    const first = await read(1)
    const others = Array.from({ length: first.maxUsers - 1 }, (_, index) => read(index + 2))
    return [first, ...(await Promise.all(others))]
  },
  view: as =>
    as.table(
      'There is no user.',
      ['user', row => row.userId, 'right'],
      ['status', row => phrase(row.enabled)],
      ['privilege', row => phrase(row.privilegeLimit)],
      ['IPMI', row => row.ipmiMessaging],
      ['link', row => row.linkAuthentication],
      ['callback only', row => row.callbackOnly],
    ),
})

const state = onOrOff('on or off')
const callInState = onOrOff('off: over a connection that is no callback, callback level is the most')

const setaccess = subcommand({
  name: 'setaccess',
  summary: 'changes what a user may do on a channel; what is not named stays',
  args: {
    channel: integer('CHANNEL', 'channel', { max: 15 }),
    user: integer('USER', 'user ID', { min: 1, max: 63 }),
    settings: assignments(
      {
        callin: callInState,
        ipmi: state,
        link: state,
        privilege: text('LEVEL', 'the most that the user may log in with'),
      },
      'what changes',
      'atLeastOne',
    ),
  },
  async run({ bmc, signal }, { channel, user, settings: { callin, ipmi, link, privilege } }) {
    const asked = privilege === undefined ? undefined : privilegeLevel(privilege)
    const open = await bmc()
    const { access } = await open.run(GetUserAccess, { channel, userId: user }, { signal })
    const next = {
      ipmiMessaging: ipmi ?? access.ipmiMessaging,
      linkAuthentication: link ?? access.linkAuthentication,
      callbackOnly: callin === undefined ? access.callbackOnly : !callin,
    }
    const privilegeLimit = asked ?? access.privilegeLimit
    const request = { access: { channel, ...next, changeFlags: true }, userId: user, privilegeLimit }
    await open.run(SetUserAccess, request, { signal })
    return { channel, userId: user, ...next, privilegeLimit }
  },
  view: as => as.lines(({ channel, userId }) => `The access of user ${userId} on channel ${channel} is set.`),
})

const RECORDS_A_LIST = 16

async function suiteIds(
  bmc: Bmc,
  channel: number,
  payloadType: number,
  signal: AbortSignal,
): Promise<number[]> {
  const pieces: Uint8Array[] = []
  for (let index = 0; index < 64; index++) {
    const list = { index, bySuite: true }
    const { records } = await bmc.run(GetChannelCipherSuites, { channel, payloadType, list }, { signal })
    pieces.push(records)
    if (records.length < RECORDS_A_LIST) break
  }
  return decodeSuiteRecords(Buffer.concat(pieces))
}

const algorithmWords = {
  authentication: ['none', 'HMAC-SHA1', 'HMAC-MD5', 'HMAC-SHA256'],
  integrity: ['none', 'HMAC-SHA1-96', 'HMAC-MD5-128', 'MD5-128', 'HMAC-SHA256-128'],
  confidentiality: ['none', 'AES-CBC-128', 'xRC4-128', 'xRC4-40'],
} as const

const getciphers = subcommand({
  name: 'getciphers',
  summary: 'the cipher suites that a channel offers',
  args: { payload: choice(['ipmi', 'sol'], 'for which payload'), channel: channelArg },
  async run({ bmc, signal }, { payload, channel = PRESENT_CHANNEL }) {
    const type = payload === 'sol' ? PayloadType.Sol : PayloadType.Ipmi
    const ids = await suiteIds(await bmc(), channel, type, signal)
    return ids.map(id => {
      const { authentication, integrity, confidentiality } = cipherSuite(id) ?? {}
      return {
        id,
        authentication: algorithmWords.authentication[authentication ?? -1] ?? 'unknown',
        integrity: algorithmWords.integrity[integrity ?? -1] ?? 'unknown',
        confidentiality: algorithmWords.confidentiality[confidentiality ?? -1] ?? 'unknown',
      }
    })
  },
  view: as =>
    as.table(
      'The channel offers no cipher suite.',
      ['ID', suite => suite.id, 'right'],
      ['authentication', suite => suite.authentication],
      ['integrity', suite => suite.integrity],
      ['confidentiality', suite => suite.confidentiality],
    ),
})

const levelNumbers: Readonly<Record<string, number>> = { callback: 1, user: 2, operator: 3, admin: 4, oem: 5 }

const authcap = subcommand({
  name: 'authcap',
  summary: 'what a channel asks for at log-in',
  args: {
    channel: integer('CHANNEL', 'channel; 0xe is the one that is used', { max: 15 }),
    privilege: text('LEVEL', 'the level to log in with'),
  },
  async run({ bmc, signal }, { channel, privilege }) {
    const level = levelNumbers[privilegeLevel(privilege)] ?? 0
    const request = { of: { channel, extended: true }, privilege: level }
    return (await bmc()).run(GetChannelAuthenticationCapabilities, request, { signal })
  },
  view: as =>
    as.record(
      ['channel', data => data.channel],
      ['IPMI versions', data => flagPhrases(data.connections)],
      ['authentication of IPMI 1.5', ({ authTypes: { extended: _, ...types } }) => flagPhrases(types)],
      ['anonymous login', data => data.status.anonymousLogin],
      ['users without a name', data => data.status.nullUsers],
      ['users with a name', data => data.status.namedUsers],
      ['user level authentication', data => !data.status.userLevelAuthDisabled],
      ['per-message authentication', data => !data.status.perMessageAuthDisabled],
      ['Kg is set', data => data.status.kgIsSet],
      ['OEM', data => (data.oemId === 0 ? undefined : `${hex(data.oemId, 6)} ${hex(data.oemAuxiliary)}`)],
    ),
})

export const channel = group('channel', 'channels, their access and cipher suites', [
  info,
  getaccess,
  setaccess,
  getciphers,
  authcap,
])
