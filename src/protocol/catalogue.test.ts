import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ByteReader, ByteWriter, CodecError } from './bytes.ts'
import { catalogue, findCommand } from './catalogue.ts'
import { type AnyCommand, decodeRequest, decodeResponse, encodeRequest, encodeResponse } from './command.ts'
import { GetChassisStatus } from './commands/chassis.ts'
import { GetDeviceId } from './commands/device.ts'
import { PlatformEvent } from './commands/event.ts'
import { AddSelEntry, ClearSel, GetSelEntry, GetSelInfo } from './commands/sel.ts'
import { GetSensorEventStatus, GetSensorReading } from './commands/sensor.ts'
import { GetWatchdogTimer, SetWatchdogTimer } from './commands/watchdog.ts'
import { CompletionCodeError } from './completion-code.ts'
import { LastwordError } from './error.ts'

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
}

/** Whatever bytes a codec accepts, the value that it gives is written to bytes that give the same value. */
function roundTrips(command: AnyCommand, side: 'request' | 'response') {
  const codec = command[side]
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), random => {
      // A group extension's data begin with its defining body.
      const raw = command.group === undefined ? random : Uint8Array.of(command.group, ...random)
      let value: unknown
      const reader = new ByteReader(raw)
      try {
        value = codec.read(reader)
      } catch (error) {
        assert.ok(error instanceof CodecError, String(error))
        return
      }
      const writer = new ByteWriter()
      try {
        codec.write(writer, value)
      } catch (error) {
        assert.ok(error instanceof CodecError, String(error))
        return
      }
      const again = codec.read(new ByteReader(writer.result()))
      assert.deepEqual(again, value)
    }),
    { numRuns: 200 },
  )
}

describe('the catalogue of commands', () => {
  it('names each pair of codes once', () => {
    const codes = catalogue.map(command => `${command.netFn}/${command.group}/${command.cmd}`)
    assert.equal(new Set(codes).size, codes.length)
    for (const command of catalogue)
      assert.equal(findCommand(command.netFn | 1, command.cmd, [command.group ?? 0]), command)
  })

  for (const command of catalogue) {
    it(`reads back what it writes of ${command.name}`, () => {
      roundTrips(command, 'request')
      roundTrips(command, 'response')
    })
  }
})

describe('messages of the specification', () => {
  it('reads Get Device ID as a QEMU BMC answers it', () => {
    const id = decodeResponse(GetDeviceId, bytes('00 20 81 01 02 51 bf f2 1b 00 34 12 01 02 03 04'))
    assert.equal(id.deviceId, 0x20)
    assert.deepEqual(id.device, { revision: 1, providesSdrs: true })
    assert.equal(id.ipmiVersion, '1.5')
    assert.equal(id.manufacturerId, 0x1bf2)
    assert.equal(id.productId, 0x1234)
    assert.deepEqual(id.auxFirmware, bytes('01 02 03 04'))
    assert.equal(id.supports.chassis, true)
    assert.equal(id.supports.bridge, false)
  })

  it("reads the kernel's Platform Event as it was seen at the BMC", () => {
    const event = decodeRequest(PlatformEvent, bytes('41 03 20 73 6f a1 79 73'))
    assert.deepEqual(event, {
      generatorId: 0x41,
      evmRev: 3,
      sensorType: 0x20,
      sensorNumber: 0x73,
      event: { type: 0x6f, deassertion: false },
      data: bytes('a1 79 73'),
    })
    assert.deepEqual(encodeRequest(PlatformEvent, event), bytes('41 03 20 73 6f a1 79 73'))
  })

  it('takes a Platform Event from a bus without the generator that the bus tells', () => {
    assert.equal(decodeRequest(PlatformEvent, bytes('04 20 73 6f a1 79 73')).generatorId, undefined)
  })

  it('writes Clear SEL with the letters that guard it', () => {
    assert.deepEqual(
      encodeRequest(ClearSel, { reservationId: 0x1234, action: 'initiate' }),
      bytes('34 12 43 4c 52 aa'),
    )
    assert.throws(() => decodeRequest(ClearSel, bytes('34 12 43 4c 53 aa')), { code: 'BAD_VALUE' })
  })

  it('writes Set Watchdog Timer as ipmitool does', () => {
    const request = decodeRequest(SetWatchdogTimer, bytes('44 31 0a 10 2c 01'))
    assert.deepEqual(request.timer, { use: 'smsOs', dontStop: true, dontLog: false })
    assert.deepEqual(request.actions, { timeout: 'hardReset', preTimeout: 'messagingInterrupt' })
    assert.equal(request.clearExpired.smsOs, true)
    assert.equal(request.initialCountdown, 300)
    assert.deepEqual(encodeRequest(SetWatchdogTimer, request), bytes('44 31 0a 10 2c 01'))
    const state = decodeResponse(GetWatchdogTimer, bytes('00 44 01 00 00 2c 01 2b 01'))
    assert.equal(state.timer.running, true)
    assert.equal(state.presentCountdown, 299)
  })

  it('encodes a response that the other side decodes to the same', () => {
    const response = { recordId: 0x31 }
    assert.deepEqual(encodeResponse(AddSelEntry, response), bytes('00 31 00'))
    assert.deepEqual(decodeResponse(AddSelEntry, encodeResponse(AddSelEntry, response)), response)
  })
})

describe('responses as BMCs give them', () => {
  it('may have fewer bytes than the specification says, or more, where that does no harm', () => {
    const id = decodeResponse(GetDeviceId, bytes('00 20 81 01 02 51 bf f2 1b 00 34 12 01 02'))
    assert.deepEqual(id.auxFirmware, bytes('01 02'))
    const reading = decodeResponse(GetSensorReading, bytes('00 32 c0'))
    assert.deepEqual([reading.reading, reading.states], [0x32, undefined])
    assert.equal(decodeResponse(GetSensorReading, bytes('00 32 c0 00 80 11 22')).moreStates, 0x80)
    assert.equal(decodeResponse(GetSensorEventStatus, bytes('00 c0 34')).assertion, 0x34)
    assert.equal(decodeResponse(GetSensorEventStatus, bytes('00 c0 34 12 78')).deassertion, 0x78)
    assert.equal(decodeResponse(GetChassisStatus, bytes('00 21 10 40 70 ff')).power.isOn, true)
  })
})

describe('a response that is wrong', () => {
  it('becomes a typed error with the name of the completion code', () => {
    assert.throws(
      () => decodeResponse(GetSelEntry, bytes('cb')),
      (error: unknown) => {
        assert.ok(error instanceof CompletionCodeError && error instanceof LastwordError)
        assert.equal(error.completionCode, 0xcb)
        assert.equal(error.code, 'COMPLETION_CODE')
        assert.match(
          error.message,
          /^Get SEL Entry: the BMC answered 0xCB, requested sensor, data, or record not present/,
        )
        return true
      },
    )
  })

  it("is named in the command's own words where the code is its own", () => {
    assert.throws(() => decodeResponse(AddSelEntry, bytes('81')), /SEL erase in progress/)
    assert.throws(() => decodeResponse(GetDeviceId, bytes('81')), /command-specific completion code/)
  })

  it('says which field is missing when it is short, and how much is too much when it is long', () => {
    assert.throws(() => decodeResponse(GetSelInfo, bytes('00 51 01 00')), {
      code: 'RESPONSE_SHORT',
      message: /Get SEL Info: the response of 4 bytes is wrong: 'freeBytes'/,
    })
    assert.throws(() => decodeResponse(AddSelEntry, bytes('00 01 00 ff ff')), {
      code: 'RESPONSE_LONG',
      message: /has 2 bytes too many/,
    })
    assert.throws(() => decodeResponse(AddSelEntry, bytes('')), { code: 'RESPONSE_SHORT' })
  })

  it('is refused before it is sent when a value does not fit', () => {
    assert.throws(
      () => encodeRequest(GetSelEntry, { reservationId: 70000, recordId: 0, offset: 0, count: 255 }),
      {
        code: 'REQUEST_BAD',
        message: /Get SEL Entry request: 'reservationId' 70000 does not fit/,
      },
    )
  })
})
