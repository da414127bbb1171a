import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { execute } from '../../bmc/execute.ts'
import { Fixture } from '../../bmc/testing.ts'
import { MemoryAccounts } from '../../lan/accounts.ts'
import type { LanCaller } from '../../lan/server.ts'
import { encodeRequest } from '../../protocol/command.ts'
import { GetDeviceId } from '../../protocol/commands/device.ts'
import { GetMessage, SendMessage } from '../../protocol/commands/messaging.ts'
import { AuthType } from '../../protocol/commands/session.ts'
import { decodeIpmb, encodeIpmb, type IpmbFrame } from '../../protocol/ipmb.ts'
import { user } from './rig.ts'
import { fairWeather, VirtualLan } from './virtual-lan.ts'

const SATELLITE = 0x24
const MODULE = 0x72
const behind = [{ name: 'Module', address: MODULE, deviceId: 0x55 }]
const satellites = [{ name: 'PSU ctl', address: SATELLITE, deviceId: 0x44, behind }]
/** Where the LAN message is in a packet of IPMI 1.5 that nobody signs. */
const MESSAGE_AT = 14

interface Rig {
  lan: VirtualLan
  fixture: Fixture
  /** The LAN messages that the console was sent since it was last looked. */
  sent(): IpmbFrame[]
}

/** A console over IPMI 1.5 without signatures, so that its messages can be read on the way. */
function rigOf(strike: (lan: LanCaller) => void = () => {}): Rig {
  const fixture = new Fixture({}, { satellites })
  const lan = new VirtualLan(fairWeather, 1, {
    client: { version: '1.5', authType: 'none' },
    server: {
      accounts: new MemoryAccounts({ users: [user], authTypes: [AuthType.None] }),
      execute(request, caller, respond) {
        const { channel, privilege } = caller
        const response = execute(fixture.bmc, request, { channel, privilege, lan: caller })
        strike(caller)
        respond(response)
      },
    },
  })
  fixture.bmc.lanServers.set(lan.server.channel, lan.server)
  let datagrams: Uint8Array[] = []
  lan.onDatagram = (datagram, to) => {
    if (to === 'console') datagrams.push(datagram)
  }
  const sent = () => {
    const frames = datagrams.map(datagram => decodeIpmb(datagram.subarray(MESSAGE_AT))!)
    datagrams = []
    return frames
  }
  lan.ask(GetDeviceId.netFn, GetDeviceId.cmd)
  sent()
  return { lan, fixture, sent }
}

function ask({ lan }: Rig, tracking: 'none' | 'track', frame: Partial<IpmbFrame> = {}) {
  const message = encodeIpmb({
    rsAddr: SATELLITE,
    netFn: GetDeviceId.netFn,
    rsLun: 0,
    rqAddr: 0x20,
    rqSeq: 9,
    rqLun: 0,
    cmd: GetDeviceId.cmd,
    data: new Uint8Array(0),
    ...frame,
  })
  const to = { channel: 0, authenticated: false, encrypted: false, tracking }
  const data = encodeRequest(SendMessage, { to, message })
  const { body } = lan.ask(SendMessage.netFn, SendMessage.cmd, data)
  lan.pass(10)
  return body
}

describe('a console that asks a satellite by Send Message', () => {
  it('is sent the answer from the satellite behind an empty one from the BMC', () => {
    const rig = rigOf()
    ask(rig, 'track')
    const [own, bridged, ...more] = rig.sent()
    assert.deepEqual([own!.cmd, own!.rqAddr, [...own!.data]], [SendMessage.cmd, 0x20, [0]])
    assert.deepEqual([bridged!.rsAddr, bridged!.rqAddr], [own!.rsAddr, SATELLITE], 'to the console')
    assert.deepEqual([bridged!.netFn, bridged!.cmd, bridged!.rqSeq], [7, GetDeviceId.cmd, 9])
    assert.deepEqual([...bridged!.data.subarray(0, 2)], [0, 0x44])
    assert.deepEqual(more, [])
    assert.equal(rig.fixture.code(GetMessage, {}), 0x80, 'the host is told nothing')
  })

  it('is sent both again when the request comes again', () => {
    const rig = rigOf()
    rig.lan.weather = { ...fairWeather, repetition: 1 }
    ask(rig, 'track')
    assert.deepEqual(
      rig.sent().map(({ cmd }) => cmd),
      [SendMessage.cmd, GetDeviceId.cmd, SendMessage.cmd, GetDeviceId.cmd],
    )
  })

  it('is told at once when nobody has that address', () => {
    const rig = rigOf()
    assert.deepEqual([...ask(rig, 'track', { rsAddr: 0x26 })], [0x83])
    assert.equal(rig.sent().length, 1)
  })

  it('without tracking hears nothing of it: the host does, when the answer is for its LUN', () => {
    const rig = rigOf()
    ask(rig, 'none')
    assert.equal(rig.fixture.code(GetMessage, {}), 0x80, 'an answer to the BMC itself')
    ask(rig, 'none', { rqLun: 2 })
    assert.equal(rig.fixture.run(GetMessage, {}).from.channel, 0)
    assert.deepEqual(
      rig.sent().map(({ cmd, data }) => [cmd, ...data]),
      [
        [SendMessage.cmd, 0],
        [SendMessage.cmd, 0],
      ],
    )
  })

  it('is told by a completion code of an answer that is too long for IPMI 1.5', () => {
    const rig = rigOf(caller => {
      if (caller.forwarded !== null) caller.forwarded = { ...caller.forwarded, data: new Uint8Array(300) }
    })
    ask(rig, 'track')
    assert.deepEqual([...rig.sent()[1]!.data], [0xca])
  })
})

describe('our client', () => {
  it('reaches a satellite and what is behind it', () => {
    const rig = rigOf()
    const hop = { channel: 0, slaveAddr: SATELLITE }
    const routes = [
      { route: [hop], deviceId: 0x44 },
      { route: [hop, { channel: 7, slaveAddr: MODULE }], deviceId: 0x55 },
    ]
    for (const { route, deviceId } of routes) {
      let answered: number | null | undefined
      const { netFn, cmd } = GetDeviceId
      const request = { netFn, cmd, data: new Uint8Array(0), lun: 0, route }
      rig.lan.client.request(
        request,
        (error, body) => (answered = error === null ? body[1]! : null),
        rig.lan.nowMs,
      )
      rig.lan.run(() => answered !== undefined)
      assert.equal(answered, deviceId)
    }
  })
})
