/** Sensors, FRU inventories, SDRs and SEL of the simulated BMC, read through its KCS registers. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LastwordError } from '../protocol/error.ts'
import { fruText } from '../protocol/fru/field.ts'
import { connectTo } from './simulated-bmc.test.fixture.ts'

describe('the sensors of a BMC', () => {
  it('are all there, with value, unit, states and thresholds', async () => {
    const { bmc } = connectTo()
    await using _ = bmc
    const sensors = await bmc.sensors.list()
    assert.ok(sensors.length >= 35)
    for (const sensor of sensors) {
      assert.ok(sensor.name.length > 0)
      if (sensor.unit === '°C') assert.ok(sensor.value! > -40 && sensor.value! < 120, sensor.name)
    }
    const units = new Set(sensors.map(sensor => sensor.unit))
    for (const unit of ['°C', 'V', 'RPM', 'W']) assert.ok(units.has(unit), unit)
    assert.ok(sensors.some(sensor => sensor.states.length > 0))
  })

  it('have the thresholds that the BMC has now, when it is asked', async () => {
    const { bmc } = connectTo({
      sensors: [
        {
          kind: 'analog',
          name: 'CPU',
          type: 'temperature',
          unit: 'degrees C',
          value: 40,
          thresholds: { upperNonCritical: 80, upperCritical: 90, lowerNonCritical: 10 },
        },
      ],
    })
    await using _ = bmc
    const record = await bmc.sensors.find('CPU')
    assert.ok(record.kind === 'full')
    const before = await bmc.sensors.read(record, { thresholds: 'ask' })
    assert.equal(before.value, 40)
    assert.equal(before.status, 'ok')
    assert.deepEqual(before.thresholds, { upperNonCritical: 80, upperCritical: 90, lowerNonCritical: 10 })
    await bmc.sensors.setThresholds(record, { upperNonCritical: 35 })
    const after = await bmc.sensors.read(record, { thresholds: 'ask' })
    assert.equal(after.thresholds.upperNonCritical, 35)
    assert.equal(after.thresholds.upperCritical, 90)
    await assert.rejects(bmc.sensors.setThresholds(record, { upperCritical: 100_000 }), {
      code: 'THRESHOLD_RANGE',
    })
    await assert.rejects(bmc.sensors.setThresholds(record, { lowerNonRecoverable: 1 }), {
      code: 'THRESHOLD_RANGE',
      message: /cannot be set/,
    })
  })

  it('are found by name and by number', async () => {
    const { bmc } = connectTo()
    await using _ = bmc
    const [first] = await bmc.sensors.records()
    assert.deepEqual(await bmc.sensors.find(first!.sensorNumber), first)
    await assert.rejects(bmc.sensors.find('no such thing'), { code: 'NO_SENSOR' })
  })
})

describe('the FRU inventories of a BMC', () => {
  it('are listed and read', async () => {
    const { bmc } = connectTo()
    await using _ = bmc
    const devices = await bmc.fru.list()
    assert.deepEqual(
      devices.map(device => device.fruId),
      [0, 1, 2],
    )
    const { inventory, problems } = await bmc.fru.inventory(0)
    assert.deepEqual(problems, [])
    assert.equal(inventory.board?.productName.text, 'LW-1U mainboard')
    assert.equal(inventory.product?.name.text, 'LW-1U simulated server')
  })

  it('are written and read back', async () => {
    const { bmc } = connectTo()
    await using _ = bmc
    const { inventory } = await bmc.fru.inventory(0)
    const changed = { ...inventory, product: { ...inventory.product!, assetTag: fruText('rack 7, unit 12') } }
    await bmc.fru.writeInventory(0, changed)
    assert.deepEqual(await bmc.fru.inventory(0), { inventory: changed, problems: [] })
    for (const [text, message, hint] of [
      ['ä€', /FRU 0: "€" cannot be written in 8-bit ASCII/, /no €/],
      ['x'.repeat(64), /FRU 0: "x+" has 64 bytes, 63 are the most/, undefined],
    ] as const) {
      const product = { ...inventory.product!, assetTag: fruText(text) }
      const error: unknown = await bmc.fru
        .writeInventory(0, { ...inventory, product })
        .catch(thrown => thrown)
      assert.ok(error instanceof LastwordError)
      assert.equal(error.code, 'REQUEST_BAD')
      assert.match(error.message, message)
      assert.match(error.hint ?? '', hint ?? /^$/)
    }
  })

  it('that are not there are refused', async () => {
    const { bmc } = connectTo()
    await using _ = bmc
    await assert.rejects(bmc.fru.read(77), { code: 'COMPLETION_CODE' })
  })
})

describe('the SDRs of a BMC', () => {
  it('are of many kinds', async () => {
    const { bmc } = connectTo()
    await using _ = bmc
    const kinds = new Set((await bmc.sdr.records()).map(record => record.kind))
    for (const kind of ['full', 'compact', 'eventOnly', 'fruLocator', 'mcLocator', 'oem'] as const)
      assert.ok(kinds.has(kind), kind)
  })
})

describe('the SEL of a BMC', () => {
  it('is written, read, deleted from and cleared', async () => {
    const { bmc } = connectTo()
    await using _ = bmc
    await bmc.sel.clear()
    const event = {
      kind: 'system' as const,
      recordId: 0,
      recordType: 2,
      timestamp: 0,
      generatorId: 0x41,
      generator: { lun: 0, channel: 0 },
      evmRev: 4,
      sensorType: 0x12,
      sensorNumber: 1,
      event: { type: 0x6f, deassertion: false },
      data: Uint8Array.of(0xff, 0xff, 0xff),
    }
    const recordIds: number[] = []
    for (let i = 0; i < 40; i++) recordIds.push(await bmc.sel.add(event))
    await bmc.sel.delete(recordIds[3]!)
    const found: number[] = []
    for await (const record of bmc.sel.entries()) found.push(record.recordId)
    for (const recordId of recordIds) assert.equal(found.includes(recordId), recordId !== recordIds[3])
    await bmc.sel.clear()
    assert.ok((await bmc.sel.info()).entries < 40)
  })

  it('has a clock that can be set', async () => {
    const { bmc } = connectTo()
    await using _ = bmc
    await bmc.sel.setTime(1_000_000_000)
    assert.ok((await bmc.sel.time()) - 1_000_000_000 < 60)
  })
})
