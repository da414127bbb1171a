/** What software has set of sensors: thresholds, hysteresis, enables, types; until a cold reset. IPMI 2.0 rev 1.1, sections 20.2 and 35. */
import { z } from 'zod'
import { type Settings, settingFamily } from './settings.ts'

const shape = z.object({
  /** Of the sensor that had the number: another configuration may give it to another one. */
  name: z.string(),
  /** Raw, in the order of the threshold mask; of other sensors than analog ones none. */
  thresholds: z.array(z.number()).readonly(),
  positiveHysteresis: z.number(),
  negativeHysteresis: z.number(),
  /** Events that are enabled, by offset. */
  assertions: z.number(),
  deassertions: z.number(),
  scanning: z.boolean(),
  eventMessages: z.boolean(),
  sensorType: z.number(),
  eventType: z.number(),
})
export type SensorSettings = z.output<typeof shape>

/** By the sensor's number; null: as in its record again. */
const family = settingFamily('sensor', shape.nullable())

export class SensorSettingsStore {
  readonly #settings: Settings

  constructor(settings: Settings) {
    this.#settings = settings
  }

  get(number: number): SensorSettings | undefined {
    return this.#settings.get(family, number) ?? undefined
  }

  set(number: number, settings: SensorSettings): void {
    this.#settings.set(family, number, settings)
  }

  forgetAll(): void {
    for (const number of this.#settings.keys(family)) {
      if (this.#settings.get(family, number) !== null) this.#settings.set(family, number, null)
    }
  }
}
