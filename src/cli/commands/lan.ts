/** `lastword lan`: how a LAN channel is set up. IPMI 2.0 rev 1.1, section 23. */

import { CodecError } from '../../protocol/bytes.ts'
import { GetIpStatistics } from '../../protocol/commands/lan.ts'
import { LastwordError } from '../../protocol/error.ts'
import { type AnyParameter, decodeParameter, type ParameterValue } from '../../protocol/parameter.ts'
import { LanParameter } from '../../protocol/parameters/lan.ts'
import { group, subcommand } from '../declare.ts'
import { lanPrint, lanPrintSelectors } from '../ipmitool/lan-print.ts'
import type { Cell } from '../output/view.ts'
import { type LanAnswer, lanAnswers } from '../parameters.ts'
import { integer, optional } from '../params.ts'
import { flagPhrases, onOff, phrase } from '../phrase.ts'
import { alert } from './lan-alert.ts'
import { lanSet } from './lan-set.ts'

/** The first LAN channel of nearly every BMC. */
export const DEFAULT_LAN_CHANNEL = 1
export const channelArg = optional(integer('CHANNEL', 'channel (1)', { max: 15 }))

type LanAnswers = ReadonlyMap<number, LanAnswer>
type Parameters = typeof LanParameter
type Printed = { [K in keyof Parameters]?: ParameterValue<Parameters[K]> }

/** The parameters that the BMC has and that are as the specification has them, as values. */
function valuesOf(answers: LanAnswers): Printed {
  const values: Record<string, unknown> = {}
  for (const [name, parameter] of Object.entries(LanParameter)) {
    const answer = answers.get(parameter.selector)
    if (answer instanceof Uint8Array) values[name] = valueOrBytes(parameter, answer)
  }
  return values
}

/** Undefined where the bytes are not this parameter's. */
function valueOrBytes(parameter: AnyParameter, data: Uint8Array): unknown {
  try {
    return decodeParameter(parameter, data)
  } catch (error) {
    if (error instanceof CodecError) return undefined
    throw error
  }
}

const fields: readonly (readonly [label: string, of: (data: Printed) => Cell])[] = [
  ['set in progress', data => shown(data.setInProgress, phrase)],
  ['authentication types', data => shown(data.authenticationSupport, flagPhrases)],
  [
    'authentication by level',
    data =>
      shown(data.authenticationEnables, levels =>
        Object.entries(levels)
          .map(([level, types]) => `${level}: ${flagPhrases(types)}`)
          .join('\n'),
      ),
  ],
  ['IP address source', data => shown(data.ipAddressSource, phrase)],
  ['IP address', data => data.ipAddress],
  ['subnet mask', data => data.subnetMask],
  ['MAC address', data => data.macAddress],
  ['SNMP community', data => data.communityString],
  ['gratuitous ARP', data => shown(data.arpControl, arp => onOff(arp.gratuitous))],
  ['ARP responses', data => shown(data.arpControl, arp => onOff(arp.responses))],
  ['gateway', data => shown(data.gatewayAddress, address => `${address} (${data.gatewayMac ?? 'no MAC'})`)],
  [
    'backup gateway',
    data => shown(data.backupGatewayAddress, address => `${address} (${data.backupGatewayMac ?? 'no MAC'})`),
  ],
  [
    'VLAN',
    data => shown(data.vlan, vlan => (vlan.enabled ? `${vlan.id}, priority ${data.vlanPriority}` : 'off')),
  ],
  [
    'cipher suites',
    data => shown(data.cipherSuiteEntries, suites => suiteList(suites.ids, data.cipherSuites)),
  ],
  ['bad password threshold', data => shown(data.badPassword, lockoutText)],
]

const print = subcommand({
  name: 'print',
  summary: 'the settings of a LAN channel',
  args: { channel: channelArg },
  async run({ bmc, signal, format }, { channel = DEFAULT_LAN_CHANNEL }) {
    const open = await bmc()
    const medium = (await open.channels.info(channel, { signal }))?.medium.type
    if (medium !== 'lan' && medium !== 'otherLan') {
      throw new LastwordError('NO_LAN_CHANNEL', `${open.url}: channel ${channel} is no LAN channel`, {
        hint: 'channel info CHANNEL tells what a channel is.',
      })
    }
    const whenAllAreRefused = format === 'ipmitool' ? 'isTold' : 'rejects'
    return lanAnswers({ bmc: open, channel, signal }, lanPrintSelectors, whenAllAreRefused)
  },
  data: valuesOf,
  view: as =>
    as.record(
      ...fields.map(([label, of]) => [label, (answers: LanAnswers) => of(valuesOf(answers))] as const),
    ),
  ipmitool: lanPrint,
})

function shown<T>(value: T | undefined, text: (value: T) => string): string | undefined {
  return value === undefined ? undefined : text(value)
}

function suiteList(ids: readonly number[], count: number | undefined): string {
  return ids.slice(0, count ?? ids.length).join(', ')
}

const LOCKOUT_UNIT_SECONDS = 10

function lockoutText({
  threshold,
  countResetTime,
  lockoutTime,
}: ParameterValue<typeof LanParameter.badPassword>): string {
  if (threshold === 0) return 'never locked out'
  const counted = countResetTime === 0 ? 'for ever' : `for ${countResetTime * LOCKOUT_UNIT_SECONDS} s`
  const locked = lockoutTime === 0 ? 'until it is lifted' : `for ${lockoutTime * LOCKOUT_UNIT_SECONDS} s`
  return `${threshold}, each counted ${counted}, then locked out ${locked}`
}

function statistics(name: 'get' | 'clear') {
  return subcommand({
    name,
    summary: name === 'get' ? 'counts of packets' : 'begins the counts anew',
    args: { channel: channelArg },
    run: async ({ bmc, signal }, { channel = DEFAULT_LAN_CHANNEL }) =>
      (await bmc()).run(GetIpStatistics, { channel, clearAll: name === 'clear' }, { signal }),
    view: as =>
      as.record(
        ['IP received', data => data.ipReceived],
        ['IP header errors', data => data.ipHeaderErrors],
        ['IP address errors', data => data.ipAddressErrors],
        ['IP fragments received', data => data.ipFragmentsReceived],
        ['IP transmitted', data => data.ipTransmitted],
        ['UDP received', data => data.udpReceived],
        ['RMCP received', data => data.rmcpReceived],
        ['UDP proxy received', data => data.udpProxyReceived],
        ['UDP proxy dropped', data => data.udpProxyDropped],
      ),
  })
}

export const lan = group('lan', 'how a LAN channel is set up', [
  print,
  lanSet,
  alert,
  group('stats', 'counts of packets', [statistics('get'), statistics('clear')]),
])
