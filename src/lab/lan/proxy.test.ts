import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connect } from '../../client/connect.ts'
import { ChassisControl } from '../../protocol/commands/chassis.ts'
import { GetDeviceId } from '../../protocol/commands/device.ts'
import { AddSelEntry, GetSelInfo } from '../../protocol/commands/sel.ts'
import { CompletionCodeError } from '../../protocol/completion-code.ts'
import { LastwordError } from '../../protocol/error.ts'
import { decodeSelRecord } from '../../protocol/sel-record.ts'
import { describeNeeds, needs } from '../kernel/needs-programs.ts'
import { IpmiSim } from './ipmi-sim.ts'
import { LossyProxy } from './lossy-proxy.ts'
import { LanRig, user } from './rig.ts'

const weather = { loss: 0.1, repetition: 0.2, shortestMs: 0, longestMs: 30 }

const entry = (number: number) =>
  decodeSelRecord(Uint8Array.of(0, 0, 0xf0, number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))

/** Adds records through the proxy, among requests that only tell; returns how many came through. */
async function addThrough(url: string, count: number): Promise<number> {
  await using bmc = await connect(url, { timeoutMs: 6000, firstWaitMs: 300 })
  const adding = Array.from({ length: count }, (_, index) =>
    bmc.run(AddSelEntry, { record: entry(index) }).then(
      () => true,
      error => {
        assert.ok(error instanceof LastwordError && !(error instanceof CompletionCodeError), String(error))
        assert.equal(error.code, 'TIMEOUT')
        assert.match(error.hint ?? '', /may have executed|Check the address/)
        return false
      },
    ),
  )
  const telling = await Promise.all(Array.from({ length: count }, () => bmc.run(GetDeviceId, {})))
  assert.equal(telling.length, count)
  return (await Promise.all(adding)).filter(Boolean).length
}

describe('through a proxy that loses, repeats, delays and reorders', () => {
  it('every record reaches our BMC, once', async () => {
    await using rig = await LanRig.start()
    await using proxy = await LossyProxy.start(rig.port, weather, 1)
    assert.equal(await addThrough(`lanplus://${user.name}:${user.password}@127.0.0.1:${proxy.port}`, 60), 60)
    assert.equal(rig.bmc.sel.length, 60)
  })

  it('every reset and every clearing of the SEL is executed by our BMC, once', async () => {
    await using rig = await LanRig.start()
    await using proxy = await LossyProxy.start(rig.port, weather, 3)
    const executed = { control: 0, clear: 0 }
    const { chassis, sel } = rig.bmc
    const control = chassis.control.bind(chassis)
    chassis.control = (...args) => {
      executed.control++
      return control(...args)
    }
    const clear = sel.clear.bind(sel)
    sel.clear = () => {
      executed.clear++
      return clear()
    }
    const url = `lanplus://${user.name}:${user.password}@127.0.0.1:${proxy.port}`
    await using bmc = await connect(url, { timeoutMs: 20_000, firstWaitMs: 300 })
    for (let count = 1; count <= 12; count++) {
      await bmc.run(ChassisControl, { action: 'hardReset' })
      assert.equal(executed.control, count)
      await bmc.sel.clear()
      assert.equal(executed.clear, count)
    }
  })

  describeNeeds('ipmi_sim')("OpenIPMI's simulator", () => {
    // It takes a packet twice, which no console can keep a network from repeating.
    it('adds no record twice, and what was not answered is told as unknown', async () => {
      await using sim = await IpmiSim.start()
      await using proxy = await LossyProxy.start(sim.port, { ...weather, repetition: 0 }, 1)
      const url = (port: number) => `lanplus://${user.name}:${user.password}@127.0.0.1:${port}`
      const added = await addThrough(`${url(proxy.port)}?quirk=replays`, 40)
      await using direct = await connect(url(sim.port))
      const { entries } = await direct.run(GetSelInfo, {})
      assert.ok(added <= entries && entries <= 40, `${added} were answered, ${entries} are there`)
    })
  })

  it(
    'ipmitool reaches our BMC, and its requests that come again are not executed again',
    needs('ipmitool'),
    async () => {
      await using rig = await LanRig.start()
      await using proxy = await LossyProxy.start(rig.port, { ...weather, repetition: 0.5, loss: 0 }, 1)
      const words = ['0x0a', '0x44', '0', '0', '0xf0', ...Array.from({ length: 13 }, () => '1')]
      for (let i = 1; i <= 5; i++) {
        const result = await rig.ipmitool(['-p', String(proxy.port), 'raw', ...words])
        assert.equal(result.exitCode, 0, result.stderr)
        assert.equal(rig.bmc.sel.length, i)
      }
    },
  )
})
