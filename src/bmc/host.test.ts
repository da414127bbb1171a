import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { encodeRequest } from '../protocol/command.ts'
import { ChassisControl } from '../protocol/commands/chassis.ts'
import {
  EnableMessageChannelReceive,
  GetMessage,
  MasterWriteRead,
  SendMessage,
} from '../protocol/commands/messaging.ts'
import { GetSensorReading } from '../protocol/commands/sensor.ts'
import { decodeIpmb, decodeIpmbWithoutAddress, encodeIpmb } from '../protocol/ipmb.ts'
import type { Bmc } from './bmc.ts'
import { endOrphan, HostProcess, runHook } from './host-process.ts'
import { Fixture } from './testing.ts'
import { VmCapability } from './vm-serial.ts'
import { VmServer } from './vm-server.ts'

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setTimeout(resolve, 10))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const sleeping = { command: 'exec sleep 1000', environment: {}, onError: assert.fail }

describe('a host that is a process', () => {
  it('is started and ended with the power, restarted by a cycle, and gone when its BMC is', async () => {
    const fixture = new Fixture({}, { power: { cycleSeconds: 1 } })
    const errors: unknown[] = []
    const options = {
      command: 'exec sleep 1000',
      environment: {},
      onError: (error: unknown) => errors.push(error),
    }
    const host = new HostProcess(fixture.bmc, options)
    const first = host.pid!
    assert.ok(isAlive(first))
    fixture.run(ChassisControl, { action: 'powerCycle' })
    await until(() => !isAlive(first))
    assert.equal(host.pid, undefined)
    fixture.pass(2)
    const second = host.pid!
    assert.ok(isAlive(second) && second !== first)
    await host.close()
    assert.ok(!isAlive(second))
    assert.equal(fixture.bmc.chassis.isOn, true, 'the end of the BMC turns no power off')
    assert.deepEqual(errors, [])
  })

  it('is begun anew by a reset, the power left on, and by the VM itself where it is connected', async () => {
    const fixture = new Fixture()
    const host = new HostProcess(fixture.bmc, sleeping)
    const first = host.pid!
    fixture.run(ChassisControl, { action: 'hardReset' })
    await until(() => host.pid !== undefined)
    assert.ok(!isAlive(first) && host.pid !== first)
    assert.equal(fixture.bmc.chassis.isOn, true)
    const second = host.pid
    const { server, told, socket } = await startVm(fixture.bmc)
    told.length = 0
    fixture.run(ChassisControl, { action: 'hardReset' })
    await until(() => told.length > 0)
    assert.deepEqual([...told, host.pid], [0x04, 0xa1, second])
    socket.destroy()
    await server.close()
    await host.close()
  })

  it('is not started before the one before it is gone, nor after a reset that power off overtakes', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'lastword-host-'))
    const file = join(dir, 'told')
    const last = `sleep 0.2; echo ended >> ${file}; exit`
    const command = `trap "${last}" TERM; echo started >> ${file}; while :; do sleep 0.05; done`
    const { bmc } = new Fixture()
    const told = () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [])
    const host = new HostProcess(bmc, { ...sleeping, command })
    const act = (...actions: ('hardReset' | 'powerDown' | 'powerUp')[]) => {
      for (const action of actions) bmc.chassis.control(action, 'chassisControl', 1)
    }
    await until(() => told().length === 1)
    act('powerDown', 'powerUp')
    await until(() => told().length === 3)
    assert.deepEqual(told(), ['started', 'ended', 'started'])
    act('hardReset', 'powerDown')
    await host.close()
    assert.deepEqual(told(), ['started', 'ended', 'started', 'ended'])
    rmSync(dir, { recursive: true })
  })

  it('takes a diagnostic interrupt only by a VM line or a hook; without them it is refused', async () => {
    const fixture = new Fixture()
    const interrupt = () => fixture.code(ChassisControl, { action: 'diagnosticInterrupt' })
    assert.equal(interrupt(), 0, 'a host that is only simulated')
    const host = new HostProcess(fixture.bmc, sleeping)
    assert.equal(interrupt(), 0xd5)
    const stop = runHook(fixture.bmc, 'exit 0', assert.fail)
    assert.equal(interrupt(), 0)
    stop()
    assert.equal(interrupt(), 0xd5)
    const deaf = await startVm(fixture.bmc, 0x3f & ~VmCapability.Nmi)
    assert.equal(interrupt(), 0xd5, 'a VM that cannot')
    deaf.socket.destroy()
    await deaf.server.close()
    const { server, socket } = await startVm(fixture.bmc)
    assert.equal(interrupt(), 0)
    socket.destroy()
    await server.close()
    await host.close()
  })

  it('of a BMC that was killed is ended before the next one is started, and nothing else is', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'lastword-host-'))
    const file = join(dir, 'host')
    const started = join(dir, 'started')
    const command = `echo $$ >> ${started}; trap "" TERM; while :; do sleep 0.1; done`
    const make = () =>
      new HostProcess(new Fixture().bmc, { command, environment: {}, file, onError: assert.fail })
    make()
    await until(() => existsSync(started))
    const [orphan] = readFileSync(started, 'utf8').trim().split('\n').map(Number)
    // The BMC above is as good as dead: nothing ends its host.
    await endOrphan(file)
    assert.ok(!isAlive(orphan!), 'though it hears no SIGTERM')
    const host = make()
    assert.match(readFileSync(file, 'utf8'), new RegExp(`^${host.pid} `))
    await host.close()
    assert.ok(!existsSync(file), 'a host that is off is written down nowhere')
    writeFileSync(file, `${process.pid} of another time\n`)
    await endOrphan(file)
    rmSync(dir, { recursive: true })
  })

  it('that ends by itself is off', async () => {
    const { bmc } = new Fixture()
    const host = new HostProcess(bmc, { command: 'exit 0', environment: {}, onError: () => {} })
    await until(() => !bmc.chassis.isOn)
    await host.close()
  })
})

describe('a hook', () => {
  it('is run with the name of each action, and tells when it fails', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'lastword-hook-'))
    const file = join(dir, 'actions')
    const fixture = new Fixture()
    const errors: string[] = []
    const stop = runHook(fixture.bmc, `echo "$LASTWORD_ACTION" >> ${file}; exit 3`, error =>
      errors.push(error.message),
    )
    fixture.run(ChassisControl, { action: 'hardReset' })
    await until(() => existsSync(file) && errors.length > 0)
    assert.equal(readFileSync(file, 'utf8'), 'hardReset\n')
    assert.match(errors[0]!, /hook for hardReset failed: exit status 3/)
    stop()
    rmSync(dir, { recursive: true })
  })
})

/** A VM that says what it can do and keeps what it is told. */
async function startVm(
  bmc: Bmc,
  capabilities = 0x3f,
): Promise<{ server: VmServer; told: number[]; socket: Socket }> {
  const server = await VmServer.listen(bmc, { port: 0 })
  const socket = connect(server.port, '127.0.0.1')
  const told: number[] = []
  socket.on('data', bytes => told.push(...bytes))
  await once(socket, 'connect')
  socket.write(Uint8Array.of(0xff, 0x01, 0xa1, 0x08, capabilities, 0xa1))
  await until(() => server.isConnected && server.capabilities === capabilities)
  return { server, told, socket }
}

describe('a virtual machine', () => {
  it('is told what is done to the chassis: off, reset, NMI, shutdown, cycle', async () => {
    const fixture = new Fixture()
    const { server, told, socket } = await startVm(fixture.bmc)
    told.length = 0
    const steps = [
      ['hardReset', 0x04],
      ['diagnosticInterrupt', 0x07],
      ['softShutdown', 0x09],
      ['powerCycle', 0x04],
      ['powerDown', 0x03],
    ] as const
    for (const [action, command] of steps) {
      fixture.run(ChassisControl, { action })
      await until(() => told.length > 0)
      assert.deepEqual(told.splice(0), [command, 0xa1], action)
    }
    fixture.bmc.messaging.raiseWatchdogPreTimeout()
    await until(() => told.length > 0)
    assert.deepEqual(told.splice(0), [0x02, 0xa1], 'attention, with an interrupt')
    socket.destroy()
    await server.close()
  })
})

describe('a satellite controller', () => {
  const config = {
    satellites: [
      {
        name: 'PSU ctl',
        address: 0x24,
        deviceId: 0x44,
        sensors: [
          {
            kind: 'analog' as const,
            name: 'Sat',
            type: 1,
            unit: 1,
            value: {
              script: [
                [0, 33],
                [5, 95],
              ] as [number, number][],
            },
            thresholds: { upperCritical: 80 },
          },
        ],
      },
    ],
  }
  const frame = {
    rsAddr: 0x24,
    netFn: 6,
    rsLun: 0,
    rqAddr: 0x20,
    rqSeq: 9,
    rqLun: 2,
    cmd: 1,
    data: new Uint8Array(0),
  }
  const to = { channel: 0, authenticated: false, encrypted: false, tracking: 'none' as const }

  it('answers what is sent to it over the IPMB, and the host reads the answer from the queue', () => {
    const fixture = new Fixture({}, config)
    fixture.run(SendMessage, { to, message: encodeIpmb(frame) })
    const { from, message } = fixture.run(GetMessage, {})
    assert.equal(from.channel, 0)
    const answer = decodeIpmbWithoutAddress(message, 0x20)!
    assert.deepEqual([answer.rqAddr, answer.netFn, answer.rqSeq, answer.rsLun], [0x24, 7, 9, 2])
    assert.deepEqual([...answer.data.subarray(0, 2)], [0, 0x44])
    const nobody = encodeIpmb({ ...frame, rsAddr: 0x26 })
    assert.equal(fixture.code(SendMessage, { to, message: nobody }), 0x83)
    assert.equal(fixture.code(SendMessage, { to: { ...to, channel: 3 }, message: nobody }), 0xd3)
    assert.equal(fixture.code(SendMessage, { to, message: nobody.subarray(1) }), 0xcc)
  })

  it('may do no more for a caller than the caller may', () => {
    const fixture = new Fixture({}, config)
    const reset = encodeIpmb({ ...frame, cmd: 2 })
    fixture.run(SendMessage, { to, message: reset }, { channel: 7, privilege: 2 })
    const answer = decodeIpmbWithoutAddress(fixture.run(GetMessage, {}).message, 0x20)!
    assert.equal(answer.data[0], 0xd4)
  })

  it('sends the events of its sensors to the BMC', () => {
    const fixture = new Fixture({}, config)
    const satellite = fixture.bmc.controllerAt(0x24)!
    const reading = encodeIpmb({ ...frame, netFn: 4, cmd: GetSensorReading.cmd, data: Uint8Array.of(1) })
    fixture.run(SendMessage, { to, message: reading })
    fixture.pass(8)
    assert.equal(satellite.chassis.isOn, true)
    assert.deepEqual(
      fixture.events.map(({ generatorId, data }) => [generatorId, data[0]]),
      [[0x24, 0x59]],
    )
  })

  it('passes on what is for the controllers behind it, and their events to the BMC', () => {
    const [first] = config.satellites
    const behind = [{ ...first!, name: 'Module', address: 0x72, deviceId: 0x77 }]
    const fixture = new Fixture({}, { satellites: [{ ...first!, sensors: [], behind }] })
    const track = { ...to, tracking: 'track' as const }
    const ask = (channel: number, asked: Partial<typeof frame>) => {
      const inner = encodeIpmb({ ...frame, rsAddr: 0x72, rqAddr: 0x24, ...asked })
      const data = encodeRequest(SendMessage, { to: { ...track, channel }, message: inner })
      fixture.run(SendMessage, { to, message: encodeIpmb({ ...frame, cmd: SendMessage.cmd, data }) })
      const answer = decodeIpmbWithoutAddress(fixture.run(GetMessage, {}).message, 0x20)!
      return answer.data[0] === 0 ? decodeIpmb(answer.data.subarray(1))!.data : answer.data
    }
    assert.deepEqual([...ask(7, {}).subarray(0, 2)], [0, 0x77])
    assert.deepEqual([...ask(7, { rsAddr: 0x74 })], [0x83], 'nobody is there')
    assert.deepEqual([...ask(0, {})], [0xd3], 'the bus is channel 7')
    assert.equal(fixture.code(SendMessage, { to: { ...to, channel: 7 }, message: encodeIpmb(frame) }), 0xd3)
    ask(7, { netFn: 4, cmd: GetSensorReading.cmd, data: Uint8Array.of(1) })
    fixture.pass(8)
    assert.deepEqual(
      fixture.events.map(({ generatorId, data }) => [generatorId, data[0]]),
      [[0x72, 0x59]],
    )
    assert.equal(fixture.bmc.sdrs.records().length, 2, 'no record leads there')
  })

  it('is not heard by a host that does not want its messages', () => {
    const fixture = new Fixture({}, config)
    const set = (state: 'disable' | 'enable' | 'getState') =>
      fixture.run(EnableMessageChannelReceive, { channel: 0, state }).isEnabled
    assert.deepEqual([set('getState'), set('disable'), set('getState')], [true, false, false])
    fixture.run(SendMessage, { to, message: encodeIpmb(frame) })
    assert.equal(fixture.code(GetMessage, {}), 0x80)
    assert.equal(set('enable'), true)
    fixture.run(SendMessage, { to, message: encodeIpmb(frame) })
    assert.equal(fixture.run(GetMessage, {}).from.channel, 0)
    assert.equal(fixture.code(EnableMessageChannelReceive, { channel: 5, state: 'enable' }), 0xcc)
  })

  it('is the only device on the buses: no other acknowledges its address', () => {
    const fixture = new Fixture({}, config)
    const bus = { type: 'private' as const, id: 0, channel: 0 }
    const request = { bus, device: { address: 0x50 }, count: 8, data: Uint8Array.of(0) }
    assert.equal(fixture.code(MasterWriteRead, request), 0x83)
  })

  it('is in the repository of the BMC, with its sensors', () => {
    const { bmc } = new Fixture({}, config)
    assert.equal(bmc.sdrs.records().length, 3)
  })
})
