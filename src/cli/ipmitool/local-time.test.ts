/** Times in whatever zone TZ names or spells out are those of the C library, which date prints. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { after, describe } from 'node:test'
import fc from 'fast-check'
import { itNeeds } from '../../lab/kernel/needs-programs.ts'
import { timeOn } from './local-time.ts'

const zone = process.env.TZ
after(() => {
  if (zone === undefined) delete process.env.TZ
  else process.env.TZ = zone
})

function assertAsDate(tz: string, times: readonly number[]): void {
  const { stdout } = spawnSync('date', ['-f', '-', '+%D %a %b %e %Y %T %Z'], {
    input: times.map(time => `@${time}\n`).join(''),
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C', TZ: tz },
  })
  process.env.TZ = tz
  const ours = times.map(time => {
    const { date, weekday, month, day, year, time: clock, zone: name } = timeOn({ isUtc: false }, time)
    return `${date} ${weekday} ${month} ${String(day).padStart(2)} ${year} ${clock} ${name}`
  })
  assert.deepEqual(ours, stdout.split('\n').slice(0, -1), tz)
}

/** From where on IPMI's times are calendar times to the last there is. */
const anyTime = fc.integer({ min: 0x20000000, max: 0xfffffffe })
const DAY = 24 * 3600
/** The United States' rules have not changed since; when in these months the hour changes, the C library has its own mind of. */
const sameRules = fc
  .integer({ min: Date.UTC(2008) / 1000, max: Date.UTC(2037) / 1000 })
  .filter(time => [-DAY, DAY].every(by => ![2, 10].includes(new Date((time + by) * 1000).getUTCMonth())))
const timesOf = (time: fc.Arbitrary<number>) => fc.array(time, { minLength: 200, maxLength: 200 })

const name = fc.oneof(fc.stringMatching(/^[A-Za-z]{3,6}$/), fc.stringMatching(/^<[A-Za-z0-9+-]{3,6}>$/))
const clock = fc.oneof(
  fc.stringMatching(/^[0-9]{1,2}$/),
  fc.stringMatching(/^[0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2})?$/),
)
const offset = fc.tuple(fc.constantFrom('', '+', '-'), clock).map(parts => parts.join(''))
const day = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 6 }))
    .map(parts => `M${parts.join('.')}`),
  fc.integer({ min: 1, max: 365 }).map(n => `J${n}`),
  fc.integer({ min: 0, max: 365 }).map(String),
)
const change = fc
  .tuple(day, fc.option(fc.tuple(fc.constantFrom('', '-'), clock)))
  .map(([date, time]) => (time === null ? date : `${date}/${time.join('')}`))
const spelt = fc.oneof(
  fc.tuple(name, offset).map(parts => parts.join('')),
  fc
    .tuple(name, offset, name, fc.oneof(fc.constant(''), offset), change, change)
    .map(
      ([standard, west, summer, ahead, begin, end]) => `${standard}${west}${summer}${ahead},${begin},${end}`,
    ),
)

/** As people write them: the clock changes in each. */
const changing = [
  'EST5EDT,M3.2.0,M11.1.0',
  'CET-1CEST,M3.5.0,M10.5.0/3',
  'NZST-12NZDT,M9.5.0,M4.1.0/3',
  'IST-2IDT,M3.4.4/26,M10.5.0',
  '<-03>3<-02>,M3.5.0/-2,M10.5.0/-1',
  'EST5EDT4,J60,J300/1:30:15',
  'EST5EDT,60/0,J365/25',
]
/** Without a change, and as they should not be written. */
const others = [
  ...['JST-9', '<+03>-3', 'XYZ-24:59:59', 'XYZ-99:99:99', '<-00>0', ':JST-9', '', 'FOO', 'Foo/Bar', 'AB3'],
  ...['A1B2', '<AB>3', 'ABC+'],
]
const files = [
  ...[
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'America/Sao_Paulo',
    'Australia/Lord_Howe',
    'Europe/Dublin',
  ],
  ...['Africa/Casablanca', 'America/Nuuk', 'Etc/GMT+5', 'EST5EDT', ':Asia/Kolkata', 'Asia/Gaza'],
]

describe('a time in the zone of TZ', () => {
  itNeeds('date')('is as date has it where TZ spells the zone out', () => {
    fc.assert(
      fc.property(spelt, timesOf(anyTime), (tz, times) => assertAsDate(tz, times)),
      { numRuns: 40 },
    )
    for (const tz of [...changing, ...others]) assertAsDate(tz, fc.sample(anyTime, 300))
  })

  itNeeds('date')('is as date has it at the second of a change and around it', () => {
    for (const tz of changing)
      for (const year of [2024, 2025]) {
        const days = Array.from({ length: 366 * 24 }, (_, hour) => Date.UTC(year) / 1000 + hour * 3600)
        assertAsDate(
          tz,
          days.flatMap(hour => [hour - 1, hour]),
        )
      }
  })

  itNeeds('date')('has the rules of the United States where TZ names summer time without rules', () => {
    for (const tz of ['ABC3DEF', 'ABC-3:30DEF', 'ABC3DEF,']) assertAsDate(tz, fc.sample(sameRules, 300))
  })

  itNeeds('date')('is as date has it by the files of the system, with leap seconds too', () => {
    const leapSeconds = [Date.UTC(2015, 6), Date.UTC(2017, 0)].map(ms => ms / 1000)
    const around = leapSeconds.flatMap(time => Array.from({ length: 60 }, (_, index) => time + index))
    for (const tz of files) assertAsDate(tz, fc.sample(anyTime, 300))
    for (const tz of ['right/UTC', 'right/Europe/Berlin'])
      if (existsSync(`/usr/share/zoneinfo/${tz}`)) assertAsDate(tz, [...around, ...fc.sample(anyTime, 300)])
  })
})
