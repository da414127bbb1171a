/** What codecs hold as codes and counts is told to people in words and units, and to programs by name and in units. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ByteReader } from '../protocol/bytes.ts'
import type { AnyParameter } from '../protocol/parameter.ts'
import { BootParameter, noBootFlags } from '../protocol/parameters/boot.ts'
import { bootData, bootWords } from './boot-words.ts'

const main = fileURLToPath(new URL('./main.js', import.meta.url))

function lastword(...args: string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, [main, '-H', 'sim://', ...args], {
    encoding: 'utf8',
  })
  assert.equal(stderr, '')
  return stdout
}

function fields(text: string): Record<string, string> {
  return Object.fromEntries(text.split('\n').map(line => line.split(/ {2,}(.*)/, 2)))
}

describe('sdr get', () => {
  it('tells a threshold sensor in its unit', () => {
    const fan = fields(lastword('sdr', 'get', 'Fan 1'))
    assert.equal(fan.type, 'Fan (0x04)')
    assert.equal(fan.entity, '29.1 fan device')
    assert.equal(fan.nominal, '7200 RPM')
    assert.equal(fan.range, '0 RPM to 25500 RPM')
    assert.equal(fan.thresholds, 'lnc 2000 RPM, lcr 1200 RPM, lnr 600 RPM')
    assert.equal(fan.hysteresis, 'positive 200 RPM, negative 200 RPM')
    assert.equal(fan.conversion, 'linear, (100·x + 0·10^0)·10^0, unsigned')
    assert.match(fan.events!, /^Lower Non-critical going low, /)
    const [json] = JSON.parse(lastword('--json', 'sdr', 'get', 'Fan 1')) as [Record<string, unknown>]
    assert.deepEqual([json.type, json.unit, json.nominal, json.maximum], ['Fan', 'RPM', 7200, 25500])
    assert.deepEqual(json.thresholds, {
      lowerNonCritical: 2000,
      lowerCritical: 1200,
      lowerNonRecoverable: 600,
    })
  })

  it('tells a sensor that is not linear by its curve, and a discrete one by its states', () => {
    const airflow = fields(lastword('sdr', 'get', 'Airflow'))
    assert.deepEqual([airflow.range, airflow.thresholds], ['0 CFM to 650.25 CFM', 'lnc 9 CFM'])
    const power = fields(lastword('sdr', 'get', 'PSU1 Status'))
    assert.equal(power['event type'], 'sensor-specific (0x6f)')
    assert.match(power.states!, /^Presence detected, Failure detected, /)
    assert.equal(power.thresholds, undefined)
  })

  it('tells where a FRU is', () => {
    const fru = fields(lastword('sdr', 'get', 'PSU1 FRU'))
    assert.deepEqual(
      [fru.record, fru['reached by'], fru['FRU ID'], fru.entity],
      ['0x002b, fru locator', '0x20, LUN 0, channel 0', '1', '10.1 power supply'],
    )
  })
})

describe('chassis bootparam get', () => {
  it('tells the flags as what they do', () => {
    const flags = {
      ...noBootFlags,
      boot: { type: 'efi' as const, isPersistent: true, isValid: true },
      device: { ...noBootFlags.device, selector: 'pxe' as const, lockKeyboard: true },
    }
    const words = fields(bootWords('flags', flags))
    assert.deepEqual(
      [words.valid, words['boots from'], words['boots as'], words.holds, words.locked],
      ['yes', 'pxe', 'EFI', 'until it is changed', 'keyboard'],
    )
    const shown = fields(lastword('chassis', 'bootparam', 'get', '5'))
    assert.deepEqual([shown.valid, shown.holds, shown.locked], ['no', 'for one boot', 'none'])
  })

  it('tells times as times, and every parameter without a code of its own', () => {
    const initiator = { channel: 1, sessionId: 0x12, time: 1_700_000_000 }
    assert.equal(fields(bootWords('initiator', initiator)).time, '2023-11-14T22:13:20Z')
    assert.deepEqual(bootData('initiator', initiator), { ...initiator, time: '2023-11-14T22:13:20Z' })
    for (const name of Object.keys(BootParameter) as (keyof typeof BootParameter)[]) {
      const zero = (BootParameter[name] as AnyParameter).codec.read(new ByteReader(new Uint8Array(16)))
      assert.doesNotMatch(bootWords(name, zero), /\[object|true|false|undefined/, name)
      assert.match(bootWords(name, undefined), /does not have it/)
    }
  })
})
