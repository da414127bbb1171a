/** The LAN configuration parameters. IPMI 2.0 rev 1.1, section 23.2, table 23-4. */
import { ipv4, ipv6, mac } from '../address.ts'
import {
  bits,
  bytes,
  flag,
  list,
  low,
  nameBits,
  names,
  optional,
  reserved,
  struct,
  text,
  u8,
  u16,
  ubits,
  zeros,
} from '../codec.ts'
import { privilegeLimit } from '../commands/user.ts'
import { parameter } from '../parameter.ts'

export const setInProgress = low(nameBits(2, { complete: 0, inProgress: 1, commit: 2 }))

const authenticationTypes = bits({
  none: flag,
  md2: flag,
  md5: flag,
  _3: reserved(1),
  password: flag,
  oem: flag,
  _6: reserved(2),
})

const destination = low(ubits(4))
const readOnly = { access: 'readOnly' } as const
const isSet = { isSet: true } as const

export const LanParameter = {
  setInProgress: parameter(0, 'Set In Progress', setInProgress),
  authenticationSupport: parameter(1, 'Authentication Type Support', authenticationTypes, readOnly),
  /** Which types each privilege level may log in with. */
  authenticationEnables: parameter(
    2,
    'Authentication Type Enables',
    struct({
      callback: authenticationTypes,
      user: authenticationTypes,
      operator: authenticationTypes,
      admin: authenticationTypes,
      oem: authenticationTypes,
    }),
  ),
  ipAddress: parameter(3, 'IP Address', ipv4),
  ipAddressSource: parameter(
    4,
    'IP Address Source',
    low(nameBits(4, { unspecified: 0, static: 1, dhcp: 2, bios: 3, other: 4 })),
  ),
  macAddress: parameter(5, 'MAC Address', mac),
  subnetMask: parameter(6, 'Subnet Mask', ipv4),
  ipHeader: parameter(
    7,
    'IPv4 Header Parameters',
    struct({
      timeToLive: u8,
      flags: bits({ _: reserved(5), value: ubits(3) }),
      service: bits({ _: reserved(1), typeOfService: ubits(4), precedence: ubits(3) }),
    }),
  ),
  primaryRmcpPort: parameter(8, 'Primary RMCP Port Number', u16),
  secondaryRmcpPort: parameter(9, 'Secondary RMCP Port Number', u16),
  arpControl: parameter(
    10,
    'BMC-generated ARP Control',
    bits({ gratuitous: flag, responses: flag, _: reserved(6) }),
  ),
  /** In units of 500 ms. */
  gratuitousArpInterval: parameter(11, 'Gratuitous ARP Interval', u8),
  gatewayAddress: parameter(12, 'Default Gateway Address', ipv4),
  gatewayMac: parameter(13, 'Default Gateway MAC Address', mac),
  backupGatewayAddress: parameter(14, 'Backup Gateway Address', ipv4),
  backupGatewayMac: parameter(15, 'Backup Gateway MAC Address', mac),
  communityString: parameter(16, 'Community String', text(18)),
  destinations: parameter(17, 'Number of Destinations', low(ubits(4)), readOnly),
  destinationType: parameter(
    18,
    'Destination Type',
    struct({
      destination,
      type: bits({
        kind: nameBits(3, { pet: 0, oem1: 6, oem2: 7 }),
        _: reserved(4),
        acknowledge: flag,
      }),
      /** Seconds to wait for an acknowledge, or between retries. */
      timeoutSeconds: u8,
      retries: low(ubits(3)),
    }),
    isSet,
  ),
  destinationAddress: parameter(
    19,
    'Destination Addresses',
    struct({
      destination,
      format: bits({ _: reserved(4), kind: nameBits(4, { ipv4: 0, ipv6: 1 }) }),
      gateway: low(nameBits(1, { default: 0, backup: 1 })),
      ipAddress: ipv4,
      macAddress: mac,
    }),
    isSet,
  ),
  vlan: parameter(20, '802.1q VLAN ID', bits({ id: ubits(12), _: reserved(3), enabled: flag })),
  vlanPriority: parameter(21, '802.1q VLAN Priority', low(ubits(3))),
  cipherSuites: parameter(22, 'RMCP+ Messaging Cipher Suite Entry Support', low(ubits(5)), readOnly),
  cipherSuiteEntries: parameter(
    23,
    'RMCP+ Messaging Cipher Suite Entries',
    struct({ _: zeros(1), ids: list(u8) }),
    readOnly,
  ),
  /** For each entry of the list before, in its order, the most that it may log in with. */
  cipherSuitePrivileges: parameter(
    24,
    'RMCP+ Messaging Cipher Suite Privilege Levels',
    struct({ _: zeros(1), entries: list(bits({ even: privilegeLimit, odd: privilegeLimit })) }),
  ),
  destinationVlan: parameter(
    25,
    'Destination Address VLAN TAGs',
    struct({
      destination,
      format: bits({ _: reserved(4), kind: nameBits(4, { unused: 0, vlan: 1 }) }),
      tag: bits({ id: ubits(12), cfi: flag, priority: ubits(3) }),
    }),
    isSet,
  ),
  badPassword: parameter(
    26,
    'Bad Password Threshold',
    struct({
      event: low(flag),
      /** 0: never locked out. */
      threshold: u8,
      /** In units of 10 s; 0: the count is never reset, the user stays locked. */
      countResetTime: u16,
      lockoutTime: u16,
    }),
  ),
  ipv6Support: parameter(
    50,
    'IPv6/IPv4 Support',
    bits({ ipv6Only: flag, both: flag, ipv6Alerting: flag, _: reserved(5) }),
    readOnly,
  ),
  ipv6Enables: parameter(51, 'IPv6/IPv4 Addressing Enables', names({ ipv4Only: 0, ipv6Only: 1, both: 2 })),
  ipv6Status: parameter(
    55,
    'IPv6 Status',
    struct({
      staticAddresses: u8,
      dynamicAddresses: u8,
      supports: bits({ dhcpv6: flag, slaac: flag, _: reserved(6) }),
    }),
    readOnly,
  ),
  ipv6StaticAddress: parameter(
    56,
    'IPv6 Static Addresses',
    struct({
      set: u8,
      source: bits({ kind: ubits(4), _: reserved(3), enabled: flag }),
      address: ipv6,
      prefixLength: u8,
      status: optional(names({ active: 0, disabled: 1, pending: 2, failed: 3, deprecated: 4, invalid: 5 })),
    }),
    isSet,
  ),
  ipv6DynamicAddress: parameter(
    59,
    'IPv6 Dynamic Address',
    struct({
      set: u8,
      source: low(nameBits(4, { slaac: 1, dhcpv6: 2 })),
      address: ipv6,
      prefixLength: u8,
      status: names({ active: 0, disabled: 1, pending: 2, failed: 3, deprecated: 4, invalid: 5 }),
    }),
    { isSet: true, access: 'readOnly' },
  ),
  ipv6RouterConfiguration: parameter(
    64,
    'IPv6 Router Address Configuration Control',
    bits({ static: flag, dynamic: flag, _: reserved(6) }),
  ),
  ipv6StaticRouter: parameter(65, 'IPv6 Static Router 1 IP Address', ipv6),
  ipv6StaticRouterMac: parameter(66, 'IPv6 Static Router 1 MAC Address', mac),
  ipv6StaticRouterPrefixLength: parameter(67, 'IPv6 Static Router 1 Prefix Length', u8),
  ipv6StaticRouterPrefix: parameter(68, 'IPv6 Static Router 1 Prefix Value', bytes(16)),
  ipv6SecondRouter: parameter(69, 'IPv6 Static Router 2 IP Address', ipv6),
  ipv6SecondRouterMac: parameter(70, 'IPv6 Static Router 2 MAC Address', mac),
  ipv6SecondRouterPrefixLength: parameter(71, 'IPv6 Static Router 2 Prefix Length', u8),
  ipv6SecondRouterPrefix: parameter(72, 'IPv6 Static Router 2 Prefix Value', bytes(16)),
} as const
