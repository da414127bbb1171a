/** What can be changed of simulated BMCs while they run: faults, sensors by hand, power, log-ins. */
import { z } from 'zod'
import { LastwordError } from '../protocol/error.ts'
import type { Bmc } from './bmc.ts'
import { faultKinds, isFaultKind, parseFault } from './faults.ts'
import { logInsOf, unlock } from './log-ins.ts'
import type { DiscreteSensor } from './world/sensor.ts'
import { maskOf } from './world/source.ts'

const MAX_STATES = 15

/** `bmc`: which of many, the first unless given. */
const which = { bmc: z.int().min(0).default(0) }
const controlRequest = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('status'), ...which }),
  /** A value in the sensor's unit, or states by their offsets; null gives the sensor back to the world. */
  z.strictObject({
    do: z.literal('sensor'),
    ...which,
    name: z.string(),
    value: z.number().nullable().optional(),
    states: z
      .array(
        z
          .int()
          .min(0)
          .max(MAX_STATES - 1),
      )
      .nullable()
      .optional(),
  }),
  /** As `--fault` takes it. */
  z.strictObject({ do: z.literal('fault'), ...which, fault: z.string() }),
  z.strictObject({ do: z.literal('clearFault'), ...which, kind: z.string().optional() }),
  z.strictObject({ do: z.literal('logIns'), ...which }),
  /** Lifts a lock-out. */
  z.strictObject({ do: z.literal('unlock'), ...which, user: z.string() }),
  z.strictObject({
    do: z.literal('power'),
    ...which,
    action: z.enum([
      'powerUp',
      'powerDown',
      'powerCycle',
      'hardReset',
      'diagnosticInterrupt',
      'softShutdown',
    ]),
  }),
])
export type ControlRequest = z.input<typeof controlRequest>

/** Does what a request says. Throws LastwordError CONTROL, FAULT or STATE_WRITE. */
export function control(bmcs: readonly Bmc[], request: unknown): object {
  const parsed = controlRequest.safeParse(request)
  if (!parsed.success) throw controlError(z.prettifyError(parsed.error).replaceAll('\n', ' '))
  const { data } = parsed
  const bmc = bmcs[data.bmc]
  if (bmc === undefined) throw controlError(`there is no BMC ${data.bmc}, there are ${bmcs.length}`)
  switch (data.do) {
    case 'status':
      return statusOf(bmc)
    case 'sensor':
      return setSensor(bmc, data)
    case 'fault':
      bmc.addFault(parseFault(data.fault))
      return { faults: faultsOf(bmc) }
    case 'clearFault':
      if (data.kind !== undefined && !isFaultKind(data.kind)) throw controlError(`'${data.kind}' is no fault`)
      bmc.clearFaults(data.kind)
      return { faults: faultsOf(bmc) }
    case 'logIns':
      return logInsOf(bmc)
    case 'unlock':
      if (!unlock(bmc, data.user)) throw controlError(`there is no user '${data.user}' that may log in`)
      return logInsOf(bmc)
    case 'power':
      if (!bmc.chassis.control(data.action, 'powerButton', 0))
        throw controlError(bmc.chassis.isOn ? 'no NMI reaches the host' : 'not while the host is off')
      keep(bmc)
      return statusOf(bmc)
  }
}

function faultsOf(bmc: Bmc): string[] {
  return (bmc.faults?.list ?? []).map(({ kind, value }) =>
    faultKinds[kind] === null ? kind : `${kind}=${value}`,
  )
}

function statusOf(bmc: Bmc): object {
  return {
    power: bmc.chassis.isOn ? 'on' : 'off',
    selEntries: bmc.sel.length,
    faults: faultsOf(bmc),
    ...(bmc.lanAddress && { lan: bmc.lanAddress }),
  }
}

interface SensorRequest {
  name: string
  value?: number | null | undefined
  states?: number[] | null | undefined
}

function setSensor(bmc: Bmc, { name, value, states }: SensorRequest): object {
  const sensor = bmc.sensors.byName(name)
  if (sensor === undefined) throw controlError(`there is no sensor '${name}'`)
  if (sensor.kind === 'analog' && value !== undefined) bmc.sensors.setValue(sensor, value)
  else if (sensor.kind === 'discrete' && states !== undefined)
    bmc.sensors.setStates(sensor, states === null ? null : maskOf(checkedStates(sensor, states)))
  else throw controlError(`sensor '${name}' takes ${sensor.kind === 'analog' ? 'a value' : 'states'}`)
  keep(bmc)
  const { raw, present } = bmc.sensors.read(sensor)
  return { name, raw, present }
}

/** A state that a sensor does not have would be left out without a word. */
function checkedStates({ name, supported }: DiscreteSensor, states: readonly number[]): readonly number[] {
  const strange = states.find(state => (supported & (1 << state)) === 0)
  if (strange === undefined) return states
  const possible = [...Array(MAX_STATES).keys()].filter(state => (supported & (1 << state)) !== 0)
  throw controlError(`sensor '${name}' has no state ${strange}, it has ${possible.join(', ')}`)
}

/** What is answered is kept, as over IPMI. */
function keep(bmc: Bmc): void {
  const refusal = bmc.flush()
  if (refusal !== null) throw refusal
}

export function controlError(message: string, details = {}): LastwordError {
  return new LastwordError('CONTROL', message, details)
}
