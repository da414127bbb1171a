/** The LAN configuration parameters of a simulated BMC. IPMI 2.0 rev 1.1, section 23.2. */
import { CompletionCode } from '../protocol/completion-code.ts'
import { type AnyParameter, decodeParameter, encodeParameter, type Parameter } from '../protocol/parameter.ts'
import { LanParameter } from '../protocol/parameters/lan.ts'
import type { Controller } from './controller.ts'
import { ParameterTable } from './parameter-table.ts'

/** Alert destinations, beside the volatile one, 0. */
export const LAN_DESTINATIONS = 4
const LOCKOUT_UNIT_SECONDS = 10
const MAX_SUITES = 16
/** A suite's level when it cannot be used. Table 23-4, parameter 24. */
const UNUSED_SUITE = 0
const SECONDARY_RMCP_PORT = 664
const RMCP_PORT = 623
const NO_ADDRESS = '0.0.0.0'
const IPV6_ADDRESSES = 1
const NO_MAC = '00:00:00:00:00:00'

function authenticationTypes(bmc: Controller) {
  const { ipmi15 } = bmc.world.config.lan
  return {
    none: ipmi15.includes('none'),
    md2: false,
    md5: ipmi15.includes('md5'),
    password: ipmi15.includes('password'),
    oem: false,
  }
}

function addressOf(bmc: Controller): string {
  const inUse = bmc.lanAddress?.host ?? NO_ADDRESS
  return bmc.world.config.lan.address ?? (/^\d+(\.\d+){3}$/.test(inUse) ? inUse : NO_ADDRESS)
}

/** A locally administered one, a different one for each BMC, unless it is configured. */
export function macOf(bmc: Controller): string {
  const { guid } = bmc.identity
  const { index } = bmc
  const own = [0x02, guid[0]!, guid[1]!, (index >> 16) & 0xff, (index >> 8) & 0xff, index & 0xff]
  return bmc.world.config.lan.mac ?? own.map(byte => byte.toString(16).padStart(2, '0')).join(':')
}

/**
 * The IDs that parameter 23 lists, of which parameter 24 holds the levels. In the numbered table an entry's place is its
 * suite's ID, as FreeIPMI and ipmitool take it to be in any case; suites 16 and 17 have no entry there.
 */
export function suiteEntries(bmc: Controller): readonly number[] {
  const { suiteTable, cipherSuites } = bmc.world.config.lan
  return suiteTable === 'offered' ? cipherSuites : Array.from({ length: MAX_SUITES }, (_, id) => id)
}

/** A suite that the configuration leaves out stays out, whatever level its entry is to have. */
function mayBeUsed(bmc: Controller, id: number): boolean {
  const { suiteTable, cipherSuites } = bmc.world.config.lan
  const offered: readonly number[] = cipherSuites
  return suiteTable === 'offered' || offered.includes(id)
}

/** Entries behind the last suite too: FreeIPMI takes an entry's place for a suite's ID. */
function suitePrivileges(bmc: Controller) {
  const level = (id: number) => (mayBeUsed(bmc, id) ? ('admin' as const) : UNUSED_SUITE)
  return Array.from({ length: MAX_SUITES / 2 }, (_, i) => ({ even: level(i * 2), odd: level(i * 2 + 1) }))
}

type Initial<T> = (bmc: Controller, set: number) => T | undefined
const initials = new Map<AnyParameter, (bmc: Controller, set: number) => Uint8Array | undefined>()

function initially<T>(parameter: Parameter<T>, value: Initial<T>): void {
  initials.set(parameter as AnyParameter, (bmc, set) => {
    const initial = value(bmc, set)
    return initial === undefined ? undefined : encodeParameter(parameter, initial)
  })
}

/** A destination's own part of a set parameter; undefined beyond the last. */
function forDestination<T>(value: (bmc: Controller, destination: number) => T): Initial<T> {
  return (bmc, set) => (set <= LAN_DESTINATIONS ? value(bmc, set) : undefined)
}

/** With IPMI 1.5 off there is nothing that could be enabled, and no such parameter. */
initially(LanParameter.authenticationSupport, bmc =>
  bmc.world.config.lan.ipmi15.length > 0 ? authenticationTypes(bmc) : undefined,
)
initially(LanParameter.authenticationEnables, bmc => {
  const types = authenticationTypes(bmc)
  return { callback: types, user: types, operator: types, admin: types, oem: { ...types, none: false } }
})
initially(LanParameter.ipAddress, addressOf)
initially(LanParameter.ipAddressSource, () => 'static' as const)
initially(LanParameter.macAddress, macOf)
initially(LanParameter.subnetMask, bmc => bmc.world.config.lan.subnetMask)
initially(LanParameter.ipHeader, () => ({
  timeToLive: 64,
  flags: { value: 2 },
  service: { typeOfService: 8, precedence: 0 },
}))
initially(LanParameter.primaryRmcpPort, bmc => bmc.lanAddress?.port ?? RMCP_PORT)
initially(LanParameter.secondaryRmcpPort, () => SECONDARY_RMCP_PORT)
initially(LanParameter.arpControl, () => ({ gratuitous: false, responses: true }))
initially(LanParameter.gratuitousArpInterval, () => 4)
initially(LanParameter.gatewayAddress, bmc => bmc.world.config.lan.gateway)
initially(LanParameter.gatewayMac, () => NO_MAC)
initially(LanParameter.backupGatewayAddress, () => NO_ADDRESS)
initially(LanParameter.backupGatewayMac, () => NO_MAC)
initially(LanParameter.communityString, bmc => bmc.world.config.lan.community)
initially(LanParameter.destinations, () => LAN_DESTINATIONS)
initially(
  LanParameter.destinationType,
  forDestination((bmc, destination) => ({
    destination,
    type: {
      kind: 'pet' as const,
      acknowledge: bmc.world.config.pef.destinations[destination - 1]?.acknowledge ?? false,
    },
    timeoutSeconds: 3,
    retries: 3,
  })),
)
initially(
  LanParameter.destinationAddress,
  forDestination((bmc, destination) => ({
    destination,
    format: { kind: 'ipv4' as const },
    gateway: 'default' as const,
    ipAddress: bmc.world.config.pef.destinations[destination - 1]?.address ?? NO_ADDRESS,
    macAddress: NO_MAC,
  })),
)
initially(LanParameter.vlan, () => ({ id: 0, enabled: false }))
initially(LanParameter.vlanPriority, () => 0)
initially(LanParameter.cipherSuites, bmc => suiteEntries(bmc).length)
initially(LanParameter.cipherSuiteEntries, bmc => ({ ids: [...suiteEntries(bmc)] }))
initially(LanParameter.cipherSuitePrivileges, bmc => ({ entries: suitePrivileges(bmc) }))
initially(
  LanParameter.destinationVlan,
  forDestination((_, destination) => ({
    destination,
    format: { kind: 'unused' as const },
    tag: { id: 0, cfi: false, priority: 0 },
  })),
)
initially(LanParameter.badPassword, bmc => {
  const { threshold, countResetSeconds, lockoutSeconds } = bmc.world.config.lan.lockout
  return {
    event: false,
    threshold,
    countResetTime: Math.floor(countResetSeconds / LOCKOUT_UNIT_SECONDS),
    lockoutTime: Math.floor(lockoutSeconds / LOCKOUT_UNIT_SECONDS),
  }
})

initially(LanParameter.ipv6Support, () => ({ ipv6Only: false, both: true, ipv6Alerting: false }))
initially(LanParameter.ipv6Enables, () => 'ipv4Only' as const)
initially(LanParameter.ipv6Status, () => ({
  staticAddresses: IPV6_ADDRESSES,
  dynamicAddresses: IPV6_ADDRESSES,
  supports: { dhcpv6: false, slaac: false },
}))
initially(LanParameter.ipv6StaticAddress, (_, set) =>
  set < IPV6_ADDRESSES
    ? {
        set,
        source: { kind: 0, enabled: false },
        address: '::',
        prefixLength: 0,
        status: 'disabled' as const,
      }
    : undefined,
)
initially(LanParameter.ipv6DynamicAddress, (_, set) =>
  set < IPV6_ADDRESSES
    ? { set, source: 'slaac' as const, address: '::', prefixLength: 0, status: 'disabled' as const }
    : undefined,
)
initially(LanParameter.ipv6RouterConfiguration, () => ({ static: false, dynamic: false }))
initially(LanParameter.ipv6StaticRouter, () => '::')
initially(LanParameter.ipv6StaticRouterMac, () => NO_MAC)
initially(LanParameter.ipv6StaticRouterPrefixLength, () => 0)
initially(LanParameter.ipv6StaticRouterPrefix, () => new Uint8Array(16))
initially(LanParameter.ipv6SecondRouter, () => '::')
initially(LanParameter.ipv6SecondRouterMac, () => NO_MAC)
initially(LanParameter.ipv6SecondRouterPrefixLength, () => 0)
initially(LanParameter.ipv6SecondRouterPrefix, () => new Uint8Array(16))

export const lanParameters = new ParameterTable({
  name: 'lan',
  table: LanParameter,
  initial: (bmc, parameter, set) => initials.get(parameter)?.(bmc, set),
  check: (bmc, parameter, data) =>
    usesWhatIsNotOffered(bmc, parameter, data) ? CompletionCode.InvalidDataField : 0,
})

function usesWhatIsNotOffered(bmc: Controller, parameter: AnyParameter, data: Uint8Array): boolean {
  if (parameter === LanParameter.cipherSuitePrivileges) return usesUnofferedSuite(bmc, data)
  return parameter === LanParameter.authenticationEnables && usesUnofferedType(bmc, data)
}

function usesUnofferedType(bmc: Controller, data: Uint8Array): boolean {
  const offered = authenticationTypes(bmc)
  const enabled = Object.values(decodeParameter(LanParameter.authenticationEnables, data))
  const types = Object.keys(offered) as (keyof typeof offered)[]
  return types.some(type => !offered[type] && enabled.some(level => level[type]))
}

function usesUnofferedSuite(bmc: Controller, data: Uint8Array): boolean {
  const { entries } = decodeParameter(LanParameter.cipherSuitePrivileges, data)
  const levels = entries.flatMap(({ even, odd }) => [even, odd])
  return levels.some((level, id) => level !== UNUSED_SUITE && !mayBeUsed(bmc, id))
}
