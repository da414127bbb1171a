import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assignments, pairs, wordList } from './assignments.ts'
import { flag, integer, many, mapped, namedInteger, onOrOff, text, UsageError } from './params.ts'

const settings = assignments(
  {
    seconds: integer('SECONDS', '', { min: 1, max: 9 }),
    state: onOrOff(''),
    clear: many(mapped({ one: 1, two: 2 }, '')),
    quiet: flag(''),
    how: wordList(['fast', 'no-wait'], ''),
    name: text('NAME', ''),
  },
  '',
  'atLeastOne',
)

describe('NAME=VALUE words', () => {
  it('are read by the type of their name; what is not named is undefined', () => {
    const given = ['seconds=3', 'state=ON', 'clear=one', 'clear=two', 'quiet', 'how=fast,no-wait', 'name=a=b']
    assert.deepEqual(settings.read(given, 'settings'), {
      seconds: 3,
      state: true,
      clear: [1, 2],
      quiet: true,
      how: ['fast', 'no-wait'],
      name: 'a=b',
    })
    const { seconds, quiet, ...others } = settings.read(['seconds=2', 'seconds=5'], 'settings')
    assert.deepEqual([seconds, quiet], [5, false])
    assert.deepEqual(new Set(Object.values(others)), new Set([undefined]))
  })

  it('are completed with the values that they take', () => {
    assert.deepEqual(settings.choices, [
      ...['seconds=', 'state=on', 'state=off', 'clear=one', 'clear=two', 'quiet'],
      ...['how=fast', 'how=no-wait', 'name='],
    ])
  })

  it('are refused by name when they are wrong', () => {
    const wrong: readonly [words: readonly string[], why: RegExp][] = [
      [[], /^one is missing of seconds=, state=, clear=, quiet, how=, name=$/],
      [['constructor=1'], /"constructor=1" is none of seconds=, /],
      [['second=1'], /"second=1" is none of/],
      [['seconds'], /^seconds wants a value: seconds=SECONDS$/],
      [['state'], /^state wants a value: state=on\|off$/],
      [['quiet=1'], /^quiet takes no value$/],
      [['seconds=10'], /^seconds: 10 is not within 1 and 9$/],
      [['how=fast,slow'], /^how: "slow" is none of fast, no-wait$/],
      [['clear=three'], /^clear: "three" is none of one, two$/],
    ]
    for (const [words, why] of wrong) {
      assert.throws(
        () => settings.read(words, 'settings'),
        error => error instanceof UsageError && why.test(error.message),
        words.join(' '),
      )
    }
  })
})

describe('a number that may be a name', () => {
  const number = namedInteger({ chassis: 0, storage: 10 }, 'N', '', { max: 20 })

  it('is either, in whichever letters', () => {
    assert.deepEqual(
      ['Storage', '0x0a', '3'].map(word => number.read([word], 'n')),
      [10, 10, 3],
    )
  })

  it('is refused with its names, or its range', () => {
    assert.throws(
      () => number.read(['toString'], 'n'),
      /n: "toString" is neither a number nor one of chassis, storage/,
    )
    assert.throws(() => number.read(['21'], 'n'), /n: 21 is not within 0 and 20/)
  })
})

describe('NAME VALUE words', () => {
  const settings = pairs({ seconds: integer('SECONDS', ''), state: onOrOff(''), name: text('NAME', '') }, '')

  it('are read in any order, a value also where it is a name; the last of one name counts', () => {
    assert.deepEqual(settings.read(['name', 'state', 'seconds', '3', 'seconds', '4'], 'settings'), {
      seconds: 4,
      state: undefined,
      name: 'state',
    })
    assert.deepEqual(settings.choices, ['seconds', 'state', 'name', 'on', 'off'])
  })

  it('are refused by name when they are wrong', () => {
    const wrong: readonly [words: readonly string[], why: RegExp][] = [
      [[], /^one is missing of seconds, state, name$/],
      [['constructor', '1'], /^"constructor" is none of seconds, state, name$/],
      [['seconds', '1', 'state'], /^state wants a value: on\|off$/],
      [['name'], /^name wants a value: NAME$/],
      [['seconds', 'x'], /^seconds: "x" is no whole number$/],
    ]
    for (const [words, why] of wrong)
      assert.throws(
        () => settings.read(words, 'settings'),
        (error: unknown) => error instanceof UsageError && why.test(error.message),
      )
  })
})
