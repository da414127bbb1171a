/** What is wrong with a configuration whose fields are each fine: numbers that collide, values that no reading has, orders that are none. */
import { LastwordError } from '../../protocol/error.ts'
import { thresholdNames } from '../../protocol/sensor/event-types.ts'
import type {
  AnalogSensorConfig,
  BmcConfig,
  DiscreteSensorConfig,
  SensorConfig,
  UserConfig,
} from './config.ts'
import { fruImage } from './world.ts'

export type Path = readonly (string | number)[]

export interface ConfigProblem {
  path: Path
  message: string
}

const MAX_LATIN_1 = 0xff
/** From the worst low to the worst high. */
const risingThresholds = [...thresholdNames.slice(0, 3).reverse(), ...thresholdNames.slice(3)]

export function configProblems(config: BmcConfig): ConfigProblem[] {
  return [
    ...sensorListProblems(config.sensors, ['sensors']),
    ...userProblems(config.users),
    ...lanProblems(config.lan),
    ...repeated(config.frus, 'id', ['frus']),
    ...config.frus.flatMap((fru, i) => fruProblems(fru, ['frus', i])),
    ...satelliteProblems(config.satellites, ['satellites']),
    ...config.satellites.flatMap(({ behind }, i) => satelliteProblems(behind, ['satellites', i, 'behind'])),
  ]
}

export function userProblems(users: BmcConfig['users']): ConfigProblem[] {
  return [
    ...repeated(users, 'id', ['users']),
    ...users.flatMap((user, i) =>
      users.slice(0, i).some(before => isSameLogIn(user, before))
        ? [
            {
              path: ['users', i, 'name'],
              message: `${JSON.stringify(user.name)} at level ${user.privilege} is taken by another before it`,
            },
          ]
        : [],
    ),
  ]
}

/** A log-in names a user by name, or by name and level. Section 13.20. */
function isSameLogIn(one: UserConfig, other: UserConfig): boolean {
  return one.enabled && other.enabled && one.name === other.name && one.privilege === other.privilege
}

function lanProblems({ cipherSuites, ipmi15 }: BmcConfig['lan']): ConfigProblem[] {
  if (cipherSuites.length > 0 || ipmi15.length > 0) return []
  const message = 'with no suite and no log-in of IPMI 1.5 (ipmi15) nobody can log in'
  return [{ path: ['lan', 'cipherSuites'], message }]
}

/** A field that each of a list has to have for itself. */
function repeated<K extends string>(
  list: readonly Readonly<Partial<Record<K, unknown>>>[],
  field: K,
  path: Path,
): ConfigProblem[] {
  const seen = new Set<unknown>()
  return list.flatMap((entry, i) => {
    const value = entry[field]
    if (value === undefined) return []
    if (!seen.has(value)) {
      seen.add(value)
      return []
    }
    return [{ path: [...path, i, field], message: `${JSON.stringify(value)} is taken by another before it` }]
  })
}

function notLatin1(list: readonly { name: string }[], path: Path): ConfigProblem[] {
  return list.flatMap(({ name }, i) =>
    [...name].some(letter => letter.codePointAt(0)! > MAX_LATIN_1)
      ? [{ path: [...path, i, 'name'], message: `'${name}' has letters that are not in Latin 1` }]
      : [],
  )
}

function satelliteProblems(
  satellites: readonly { name: string; address: number; sensors: readonly SensorConfig[] }[],
  path: Path,
): ConfigProblem[] {
  return [
    ...repeated(satellites, 'address', path),
    ...notLatin1(satellites, path),
    ...satellites.flatMap(({ sensors }, i) => sensorListProblems(sensors, [...path, i, 'sensors'])),
  ]
}

function fruProblems(fru: BmcConfig['frus'][number], path: Path): ConfigProblem[] {
  try {
    fruImage(fru, 0)
    return []
  } catch (error) {
    if (!(error instanceof LastwordError)) throw error
    return [{ path, message: error.message }]
  }
}

function sensorListProblems(sensors: readonly SensorConfig[], path: Path): ConfigProblem[] {
  return [
    ...repeated(sensors, 'number', path),
    ...repeated(sensors, 'name', path),
    ...notLatin1(sensors, path),
    ...sensors.flatMap((sensor, i) => {
      const problems =
        sensor.kind === 'analog'
          ? analogProblems(sensor)
          : sensor.kind === 'discrete'
            ? stateProblems(sensor)
            : []
      return problems.map(problem => ({ ...problem, path: [...path, i, ...problem.path] }))
    }),
  ]
}

/** Seconds, or readings, that have to rise. */
function notRising(values: readonly number[], path: Path, atLeast: 'same' | 'more'): ConfigProblem[] {
  return values.flatMap((value, i) => {
    const before = values[i - 1]
    const isFine = before === undefined || value > before || (atLeast === 'same' && value === before)
    return isFine ? [] : [{ path: [...path, i, 0], message: `${value} comes after ${before}` }]
  })
}

function analogProblems(sensor: AnalogSensorConfig): ConfigProblem[] {
  const { value, thresholds, nominal, curve } = sensor
  const values: [Path, number][] = []
  const problems: ConfigProblem[] = []
  if (typeof value === 'number') values.push([['value'], value])
  else if ('walk' in value) {
    const { min, max } = value.walk
    values.push([['value', 'walk', 'min'], min], [['value', 'walk', 'max'], max])
    if (min > max)
      problems.push({ path: ['value', 'walk', 'max'], message: `${max} is less than min, ${min}` })
  } else {
    const { script } = value
    values.push(...script.map(([, at], i): [Path, number] => [['value', 'script', i, 1], at]))
    problems.push(
      ...notRising(
        script.map(([second]) => second),
        ['value', 'script'],
        'same',
      ),
    )
  }
  if (curve !== undefined)
    problems.push(
      ...notRising(
        curve.map(([raw]) => raw),
        ['curve'],
        'more',
      ),
    )
  if (nominal !== undefined) values.push([['nominal'], nominal])
  let highest: { name: string; value: number } | null = null
  for (const name of risingThresholds) {
    const threshold = thresholds[name]
    if (threshold === undefined) continue
    values.push([['thresholds', name], threshold])
    if (highest !== null && threshold < highest.value)
      problems.push({
        path: ['thresholds', name],
        message: `${threshold} is less than ${highest.name}, ${highest.value}`,
      })
    highest = { name, value: threshold }
  }
  return [...problems, ...values.flatMap(([path, number]) => outOfRange(sensor, path, number))]
}

/** Of a sensor whose readings are all steps of one size. */
function outOfRange(sensor: AnalogSensorConfig, path: Path, value: number): ConfigProblem[] {
  const { linearization, curve, resolution, offset, signed } = sensor
  if (linearization !== 'linear' || curve !== undefined) return []
  const [first, last] = signed ? [-0x80, 0x7f] : [0, 0xff]
  const [least, most] = [offset + first * resolution, offset + last * resolution]
  const half = resolution / 2
  if (value >= least - half && value <= most + half) return []
  const message = `${value} is beyond the readings, which go from ${least} to ${most} (resolution, offset, signed)`
  return [{ path, message }]
}

function stateProblems({ states, supports }: DiscreteSensorConfig): ConfigProblem[] {
  if (supports === undefined) return []
  const lists: [Path, readonly number[]][] = Array.isArray(states)
    ? [[['states'], states]]
    : 'script' in states
      ? states.script.map(([, list], i): [Path, number[]] => [['states', 'script', i, 1], list])
      : [
          [['states', 'on'], states.on],
          [['states', 'off'], states.off],
        ]
  return lists.flatMap(([path, list]) =>
    list.flatMap((state, i) =>
      supports.includes(state)
        ? []
        : [{ path: [...path, i], message: `${state} is not among what it supports` }],
    ),
  )
}
