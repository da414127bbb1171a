import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CodecError } from '../bytes.ts'
import { type AnyParameter, decodeParameter, encodeParameter, findParameter } from '../parameter.ts'
import { BootParameter } from './boot.ts'
import { DcmiCapability, DcmiParameter } from './dcmi.ts'
import { LanParameter } from './lan.ts'
import { PefParameter } from './pef.ts'
import { joinSystemInfo, SystemInfoParameter, splitSystemInfo } from './system-info.ts'

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'))
}

const tables: Record<string, Readonly<Record<string, AnyParameter>>> = {
  LAN: LanParameter,
  'boot option': BootParameter,
  PEF: PefParameter,
  'system information': SystemInfoParameter,
  'DCMI capability': DcmiCapability,
  'DCMI configuration': DcmiParameter,
}

for (const [name, table] of Object.entries(tables)) {
  describe(`${name} parameters`, () => {
    it('have one number each', () => {
      const selectors = Object.values(table).map(parameter => parameter.selector)
      assert.equal(new Set(selectors).size, selectors.length)
      for (const parameter of Object.values(table))
        assert.equal(findParameter(table, parameter.selector), parameter)
      assert.equal(findParameter(table, 0xfe), undefined)
    })

    for (const parameter of Object.values(table)) {
      it(`read back what they write of ${parameter.name}`, () => {
        let whole = 0
        for (let length = 0; length < 32; length++) {
          fc.assert(
            fc.property(fc.uint8Array({ minLength: length, maxLength: length }), raw => {
              let value: unknown
              let written: Uint8Array
              try {
                value = decodeParameter(parameter, raw)
                written = encodeParameter(parameter, value)
              } catch (error) {
                assert.ok(error instanceof CodecError, String(error))
                return
              }
              whole++
              assert.deepEqual(decodeParameter(parameter, written), value)
              assert.equal(written.length, raw.length)
            }),
            { numRuns: 30 },
          )
        }
        assert.ok(whole > 0)
      })
    }
  })
}

describe('LAN parameters', () => {
  it('are addresses as people write them', () => {
    assert.equal(decodeParameter(LanParameter.ipAddress, bytes('c0a80105')), '192.168.1.5')
    assert.deepEqual(encodeParameter(LanParameter.ipAddress, '192.168.1.5'), bytes('c0a80105'))
    assert.equal(decodeParameter(LanParameter.macAddress, bytes('00163e0a0b0c')), '00:16:3e:0a:0b:0c')
    assert.deepEqual(encodeParameter(LanParameter.macAddress, '00-16-3E-0a-0b-c'), bytes('00163e0a0b0c'))
    for (const bad of ['192.168.1', '1.2.3.256', 'a.b.c.d', '1.2.3.4.5', ''])
      assert.throws(() => encodeParameter(LanParameter.ipAddress, bad), { code: 'BAD_VALUE' })
    for (const bad of ['00:16:3e:0a:0b', '00:16:3e:0a:0b:zz', '001:6:3e:0a:0b:0c'])
      assert.throws(() => encodeParameter(LanParameter.macAddress, bad), { code: 'BAD_VALUE' })
  })

  it('have IPv6 addresses in their shortest form', () => {
    const { ipv6StaticRouter } = LanParameter
    for (const address of ['fe80::1', '::', '::1', '2001:db8::', '1:2:3:4:5:6:7:8', '1:0:2::3:0:4'])
      assert.equal(decodeParameter(ipv6StaticRouter, encodeParameter(ipv6StaticRouter, address)), address)
    for (const bad of ['1:2:3', '1::2::3', '1:2:3:4:5:6:7:8:9', 'g::1', '1:2:3:4::5:6:7:8'])
      assert.throws(() => encodeParameter(ipv6StaticRouter, bad), { code: 'BAD_VALUE' })
  })

  it('tell VLAN, cipher suites and destinations as the specification lays them out', () => {
    assert.deepEqual(decodeParameter(LanParameter.vlan, bytes('6480')), { id: 100, enabled: true })
    assert.deepEqual(decodeParameter(LanParameter.cipherSuiteEntries, bytes('00 00 01 02 03 11')), {
      ids: [0, 1, 2, 3, 17],
    })
    const { entries } = decodeParameter(LanParameter.cipherSuitePrivileges, bytes('00 44 34'))
    assert.deepEqual(entries, [
      { even: 'admin', odd: 'admin' },
      { even: 'admin', odd: 'operator' },
    ])
    assert.deepEqual(decodeParameter(LanParameter.destinationType, bytes('01 80 03 02')), {
      destination: 1,
      type: { kind: 'pet', acknowledge: true },
      timeoutSeconds: 3,
      retries: 2,
    })
  })
})

describe('boot flags', () => {
  it('are what ipmitool sends for "chassis bootdev pxe options=persistent,efiboot"', () => {
    const value = decodeParameter(BootParameter.flags, bytes('e0 04 00 00 00'))
    assert.deepEqual(value.boot, { type: 'efi', isPersistent: true, isValid: true })
    assert.equal(value.device.selector, 'pxe')
    assert.deepEqual(encodeParameter(BootParameter.flags, value), bytes('e0 04 00 00 00'))
  })
})

describe('system information strings', () => {
  it('are cut into blocks and joined again', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'ä', '漢', ' '), maxLength: 80 }), text => {
        assert.equal(joinSystemInfo(splitSystemInfo(text)), text)
      }),
    )
    assert.deepEqual(splitSystemInfo('n1'), [bytes('00 02 6e31 000000000000000000000000')])
    assert.throws(() => splitSystemInfo('x'.repeat(256)), { code: 'BAD_VALUE' })
  })
})
