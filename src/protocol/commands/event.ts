/** Who receives events, and sending one. IPMI 2.0 rev 1.1, section 29. */
import { CodecError } from '../bytes.ts'
import { bits, bytes, type Codec, flag, reserved, u8, ubits } from '../codec.ts'
import { command, Privilege } from '../command.ts'
import { NetFn } from '../net-fn.ts'

const receiver = {
  /** IPMB slave address; FFh turns event messages off. */
  slaveAddress: u8,
  unit: bits({ lun: ubits(2), _: reserved(6) }),
}

export const SetEventReceiver = command({
  name: 'Set Event Receiver',
  section: '29.1',
  netFn: NetFn.SensorEvent,
  cmd: 0x00,
  privilege: Privilege.Admin,
  request: receiver,
})

export const GetEventReceiver = command({
  name: 'Get Event Receiver',
  section: '29.2',
  netFn: NetFn.SensorEvent,
  cmd: 0x01,
  privilege: Privilege.User,
  response: receiver,
})

/** Over a system interface the message names its generator; from IPMB and LAN the BMC knows it from the address. */
const generatorId: Codec<number | undefined> = {
  read: from => (from.left === 8 ? from.uint(1) : undefined),
  write(to, value) {
    if (value === undefined) return
    if ((value & 1) === 0) throw new CodecError('BAD_VALUE', 'of software must be odd')
    to.uint(value, 1)
  },
}

export const PlatformEvent = command({
  name: 'Platform Event',
  section: '29.3',
  netFn: NetFn.SensorEvent,
  cmd: 0x02,
  privilege: Privilege.Operator,
  request: {
    generatorId,
    /** 04h for IPMI 1.5 and later, 03h for 1.0. */
    evmRev: u8,
    sensorType: u8,
    sensorNumber: u8,
    event: bits({ type: ubits(7), deassertion: flag }),
    data: bytes(3),
  },
})
