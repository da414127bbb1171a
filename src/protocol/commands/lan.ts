/** LAN configuration and statistics. IPMI 2.0 rev 1.1, section 23. */
import { bits, flag, low, reserved, rest, u8, u16, ubits } from '../codec.ts'
import { command, Privilege } from '../command.ts'
import { NetFn } from '../net-fn.ts'
import { getParameterErrors, setParameterErrors } from '../parameter.ts'

const transport = { netFn: NetFn.Transport } as const

export const SetLanConfigurationParameters = command({
  ...transport,
  name: 'Set LAN Configuration Parameters',
  section: '23.1',
  cmd: 0x01,
  privilege: Privilege.Admin,
  request: { channel: low(ubits(4)), selector: u8, data: rest },
  errors: setParameterErrors,
})

export const GetLanConfigurationParameters = command({
  ...transport,
  name: 'Get LAN Configuration Parameters',
  section: '23.2',
  cmd: 0x02,
  privilege: Privilege.Operator,
  request: {
    from: bits({ channel: ubits(4), _: reserved(3), revisionOnly: flag }),
    selector: u8,
    setSelector: u8,
    blockSelector: u8,
  },
  response: {
    /** Present revision in the high nibble, oldest one that it is compatible with in the low one: 11h. */
    revision: u8,
    data: rest,
  },
  errors: getParameterErrors,
})

export const SuspendBmcArps = command({
  ...transport,
  name: 'Suspend BMC ARPs',
  section: '23.3',
  cmd: 0x03,
  privilege: Privilege.Admin,
  request: {
    channel: low(ubits(4)),
    suspend: bits({ gratuitous: flag, responses: flag, _: reserved(6) }),
  },
  response: { isActive: bits({ gratuitous: flag, responses: flag, _: reserved(6) }) },
  errors: { 128: 'parameter not supported' },
})

export const GetIpStatistics = command({
  ...transport,
  name: 'Get IP/UDP/RMCP Statistics',
  section: '23.4',
  cmd: 0x04,
  privilege: Privilege.User,
  request: { channel: low(ubits(4)), clearAll: low(flag) },
  /** Counts of packets; each stops at FFFFh. */
  response: {
    ipReceived: u16,
    ipHeaderErrors: u16,
    ipAddressErrors: u16,
    ipFragmentsReceived: u16,
    ipTransmitted: u16,
    udpReceived: u16,
    rmcpReceived: u16,
    udpProxyReceived: u16,
    udpProxyDropped: u16,
  },
})
