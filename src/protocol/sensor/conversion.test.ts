import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { accuracyPercent, type ReadingScale, toDistance, toleranceOf, toRaw, toValue } from './conversion.ts'
import { unitOf } from './units.ts'

function scale(change: Partial<ReadingScale['factors']> & Partial<ReadingScale> = {}): ReadingScale {
  const { linearization = 'linear', analogFormat = 'unsigned', ...factors } = change
  return {
    linearization,
    analogFormat,
    factors: {
      m: 1,
      tolerance: 0,
      b: 0,
      accuracy: 0,
      accuracyExponent: 0,
      direction: 'unspecified',
      resultExponent: 0,
      bExponent: 0,
      ...factors,
    },
  }
}

const exponent = fc.integer({ min: -8, max: 7 })
/** A square has two roots; it is looked at by itself. */
const anyScale = fc.record({
  linearization: fc.constantFrom(
    'linear',
    'ln',
    'log10',
    'log2',
    'exp',
    'exp10',
    'exp2',
    'reciprocal',
    'cube',
    'squareRoot',
    'cubeRoot',
    'nonLinear',
    0x71,
  ),
  analogFormat: fc.constantFrom('unsigned', 'onesComplement', 'twosComplement', 'none'),
  factors: fc.record({
    m: fc.integer({ min: -512, max: 511 }),
    tolerance: fc.nat(63),
    b: fc.integer({ min: -512, max: 511 }),
    accuracy: fc.nat(1023),
    accuracyExponent: fc.nat(3),
    direction: fc.constantFrom('unspecified', 'input', 'output', 'reserved'),
    resultExponent: exponent,
    bExponent: exponent,
  }),
}) as fc.Arbitrary<ReadingScale>

describe('a raw reading', () => {
  it('is a value by the formula of section 36.3', () => {
    assert.equal(toValue(42, scale()), 42)
    assert.equal(toValue(118, scale({ m: 10, resultExponent: -2 })), 11.8)
    assert.equal(toValue(25, scale({ m: 100 })), 2500)
    assert.equal(toValue(10, scale({ m: 2, b: 5, bExponent: 1 })), 70)
    assert.equal(toValue(10, scale({ m: 2, b: -5, bExponent: 2, resultExponent: -1 })), -48)
  })

  it('is signed as its analog format says', () => {
    assert.equal(toValue(0xf6, scale({ analogFormat: 'twosComplement' })), -10)
    assert.equal(toValue(0xf5, scale({ analogFormat: 'onesComplement' })), -10)
    assert.equal(toValue(0xff, scale({ analogFormat: 'onesComplement' })), 0)
    assert.equal(toValue(0xf6, scale()), 246)
    assert.equal(toValue(0xf6, scale({ analogFormat: 'none' })), undefined)
  })

  it('goes through the linearization', () => {
    assert.equal(toValue(4, scale({ linearization: 'reciprocal' })), 0.25)
    assert.equal(toValue(3, scale({ linearization: 'square' })), 9)
    assert.equal(toValue(3, scale({ linearization: 'cube' })), 27)
    assert.equal(toValue(9, scale({ linearization: 'squareRoot' })), 3)
    assert.equal(toValue(27, scale({ linearization: 'cubeRoot' })), 3)
    assert.equal(toValue(100, scale({ linearization: 'log10' })), 2)
    assert.equal(toValue(8, scale({ linearization: 'log2' })), 3)
    assert.equal(toValue(10, scale({ linearization: 'exp2' })), 1024)
    assert.equal(toValue(3, scale({ linearization: 'exp10' })), 1000)
    assert.equal(toValue(0, scale({ linearization: 'ln' })), undefined)
    assert.equal(toValue(0, scale({ linearization: 'exp' })), 1)
  })

  it('comes back from its value, whatever the factors', () => {
    let compared = 0
    fc.assert(
      fc.property(anyScale, fc.nat(255), (any, raw) => {
        const value = toValue(raw, any)
        if (value === undefined) return
        const back = toRaw(value, any)
        if (back === undefined) return
        compared++
        // Several raw readings may have one value (squares, large B): the value is what must come back.
        const again = toValue(back, any)!
        const ulp = Math.max(Math.abs(value), Math.abs(again)) * 1e-9
        const step = Math.abs(toValue(back ^ 1, any) ?? again) * 1e-6
        assert.ok(Math.abs(again - value) <= Math.max(ulp, step), `${raw}: ${value}, ${back}: ${again}`)
      }),
      { numRuns: 2000 },
    )
    assert.ok(compared > 500)
  })

  it('is not there for a value that the sensor cannot express', () => {
    assert.equal(toRaw(256, scale()), undefined)
    assert.equal(toRaw(-1, scale()), undefined)
    assert.equal(toRaw(-128, scale({ analogFormat: 'onesComplement' })), undefined)
    assert.equal(toRaw(-128, scale({ analogFormat: 'twosComplement' })), 0x80)
    assert.equal(toRaw(1, scale({ m: 0 })), undefined)
    assert.equal(toRaw(1, scale({ analogFormat: 'none' })), undefined)
    assert.equal(toRaw(Number.NaN, scale()), undefined)
  })

  it('of a squared sensor is the one whose root is positive', () => {
    assert.equal(toRaw(9, scale({ linearization: 'square' })), 3)
    assert.equal(toRaw(9, scale({ linearization: 'square', analogFormat: 'twosComplement' })), 3)
    assert.equal(toRaw(-9, scale({ linearization: 'square' })), undefined)
  })

  it('is rounded to the nearest that there is', () => {
    assert.equal(toRaw(11.84, scale({ m: 10, resultExponent: -2 })), 118)
    assert.equal(toRaw(11.86, scale({ m: 10, resultExponent: -2 })), 119)
  })

  it('is as exact as tolerance and accuracy tell', () => {
    const volts = scale({ m: 10, resultExponent: -2, tolerance: 4, accuracy: 250, accuracyExponent: 1 })
    assert.equal(toleranceOf(volts), 0.2)
    assert.equal(accuracyPercent(volts), 25)
    assert.equal(toDistance(3, volts), 0.3)
  })
})

describe('a unit', () => {
  const units = { isPercentage: false, modifierUse: 'none', rate: 'none', analogFormat: 'unsigned' } as const
  it('is made of base, modifier, rate and percent', () => {
    assert.equal(unitOf({ units: { ...units, base: 1, modifier: 0 } }), '°C')
    assert.equal(unitOf({ units: { ...units, base: 85, modifier: 0, rate: 'perSecond' } }), 'packets/s')
    assert.equal(unitOf({ units: { ...units, base: 18, modifier: 23, modifierUse: 'divide' } }), 'RPM/min')
    assert.equal(unitOf({ units: { ...units, base: 46, modifier: 22, modifierUse: 'multiply' } }), 'ft·lb·s')
    assert.equal(unitOf({ units: { ...units, base: 0, modifier: 0, isPercentage: true } }), '%')
    assert.equal(unitOf({ units: { ...units, base: 18, modifier: 0, isPercentage: true } }), '% RPM')
  })
})
