/** What `--config` may say: one simulated machine. The JSON schema docs/bmc.schema.json is made from this. */

import { z } from 'zod'
import { entityName } from '../../protocol/sensor/entities.ts'
import { thresholdNames } from '../../protocol/sensor/event-types.ts'
import { sensorTypeName } from '../../protocol/sensor/sensor-types.ts'
import { unitName } from '../../protocol/sensor/units.ts'
import { USER_NAME_BYTES, userNameBytes } from '../../protocol/user-name.ts'

const byte = z.int().min(0).max(0xff)
const word = z.int().min(0).max(0xffff)
const positiveSeconds = z.number().positive()

/** A code of the specification by its number or by its name there, whatever the case. */
function named(what: string, nameOf: (code: number) => string, lastCode: number) {
  const codes = new Map<string, number>()
  // Where two codes have one name, the first is the specification's.
  for (let code = lastCode; code >= 0; code--) codes.set(nameOf(code).toLowerCase(), code)
  return z
    .union([byte, z.string()])
    .describe(`${what}: its name in the specification, or its code`)
    .transform((value, context) => {
      const code = typeof value === 'number' ? value : codes.get(value.toLowerCase())
      if (code !== undefined) return code
      context.issues.push({ code: 'custom', message: `'${value}' is no ${what}`, input: value })
      return z.NEVER
    })
}

const sensorType = named('sensor type', sensorTypeName, 0x2c)
const entityId = named('entity', entityName, 0x42)
const unit = named('unit', unitName, 92)

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-fA-F]{${bytes * 2}}$`))
const ipv4 = z.ipv4()

function scripted<T extends z.ZodType>(value: T) {
  return z.strictObject({
    script: z
      .array(z.tuple([z.number().min(0), value]))
      .min(1)
      .describe('[second since the start, value] pairs, in order'),
    repeatSeconds: positiveSeconds.optional(),
  })
}

const analogValue = z.union([
  z.number(),
  z
    .strictObject({
      walk: z.strictObject({
        min: z.number(),
        max: z.number(),
        periodSeconds: positiveSeconds.default(60).describe('from one turn to the next'),
      }),
    })
    .describe('wanders between two values, the same way at each start'),
  scripted(z.number()),
])

const states = z.array(z.int().min(0).max(14))
const discreteStates = z.union([
  states,
  z.strictObject({ on: states, off: states }).describe('by the power of the host'),
  scripted(states),
])

const sensorHead = {
  name: z.string().min(1).max(16),
  number: byte.min(1).max(0xfe).optional().describe('the next free one unless given'),
  type: sensorType,
  entity: z.strictObject({ id: entityId, instance: z.int().min(1).max(0x7f).default(1) }).optional(),
  needsPower: z.boolean().default(false).describe('no reading while the host is off'),
}

const thresholdShape = Object.fromEntries(
  thresholdNames.map(name => [name, z.number().optional()]),
) as Record<(typeof thresholdNames)[number], z.ZodOptional<z.ZodNumber>>

const analogSensor = z.strictObject({
  kind: z.literal('analog'),
  ...sensorHead,
  unit,
  value: analogValue,
  resolution: z.number().positive().default(1).describe('what one count of the reading is worth'),
  offset: z.number().default(0).describe('the value of a reading of 0'),
  signed: z.boolean().default(false),
  linearization: z
    .enum([
      'linear',
      'ln',
      'log10',
      'log2',
      'exp',
      'exp10',
      'exp2',
      'reciprocal',
      'square',
      'cube',
      'squareRoot',
      'cubeRoot',
    ])
    .default('linear'),
  curve: z
    .array(z.tuple([byte, z.number()]))
    .min(2)
    .optional()
    .describe('of a non-linear sensor: [reading, value] pairs, in order, straight in between'),
  thresholds: z.strictObject(thresholdShape).prefault({}),
  hysteresis: z.number().min(0).default(0).describe('in the unit of the value, both ways'),
  nominal: z.number().optional(),
})

const discreteSensor = z.strictObject({
  kind: z.literal('discrete'),
  ...sensorHead,
  eventType: byte.default(0x6f).describe("generic (table 42-2), or 6Fh: states of the sensor type's own"),
  states: discreteStates.default([]),
  supports: states.optional().describe('the states that it can tell; all that there are unless given'),
})

const eventOnlySensor = z.strictObject({
  kind: z.literal('eventOnly'),
  ...sensorHead,
  eventType: byte.default(0x6f),
})

const sensor = z.discriminatedUnion('kind', [analogSensor, discreteSensor, eventOnlySensor])

const text = z.string().max(60).default('')
const serialNumber = text.describe('{n} stands for the number of the BMC among many')
const maker = { manufacturer: text, partNumber: text, serialNumber }

const fru = z.strictObject({
  id: byte,
  name: z.string().min(1).max(16),
  entity: sensorHead.entity,
  sizeBytes: z.int().min(64).max(0x8000).default(512),
  chassis: z.strictObject({ type: byte.default(0x17), partNumber: text, serialNumber }).optional(),
  board: z
    .strictObject({
      ...maker,
      productName: text,
      madeAt: z.iso.datetime({ offset: true }).optional(),
    })
    .optional(),
  product: z.strictObject({ ...maker, name: text, version: text, assetTag: text }).optional(),
})

export const privilegeNames = ['callback', 'user', 'operator', 'admin'] as const
/** With the one that only a maker can say anything about. */
export const levelNames = [...privilegeNames, 'oem'] as const

/** As programs send it: UTF-8. */
const userName = z
  .string()
  .max(USER_NAME_BYTES)
  .refine(text => userNameBytes(text).length <= USER_NAME_BYTES, `has more than ${USER_NAME_BYTES} bytes`)

/** UTF-8 likewise. */
const secret = z
  .string()
  .max(20)
  .refine(text => Buffer.byteLength(text) <= 20, 'has more than 20 bytes')

/** One of `users`. */
export const userConfig = z.strictObject({
  id: z.int().min(1).max(16).optional().describe('the next free one from 2 on; 1 has no name'),
  name: userName,
  password: secret.min(1).optional().describe('drawn and shown once when there is none'),
  privilege: z.enum(privilegeNames).default('admin'),
  enabled: z.boolean().default(true),
  sol: z.boolean().default(true),
})

const suiteIds = [0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17] as const
const seconds10 = z.int().min(0).max(655_350)

const lan = z.strictObject({
  channel: z.int().min(1).max(7).default(1),
  address: ipv4.optional().describe('what the LAN parameters tell; the address in use unless given'),
  subnetMask: ipv4.default('255.255.255.0'),
  gateway: ipv4.default('0.0.0.0'),
  mac: z.mac().optional(),
  ipmi15: z
    .array(z.enum(['none', 'md5', 'password']))
    .default([])
    .describe('log-ins of IPMI 1.5; off unless given'),
  cipherSuites: z
    .array(z.literal(suiteIds))
    .default(suiteIds.filter(id => id !== 0))
    .describe('0 knows no password and is off unless given'),
  suiteTable: z
    .enum(['offered', 'numbered'])
    .default('numbered')
    .describe(
      'what LAN parameter 23 lists: all suites from 0 to 15, those that are not offered as unused, or only the offered',
    ),
  kg: secret.default('').describe('the second key'),
  maxSessions: z.int().min(1).max(63).default(32),
  lockout: z
    .strictObject({
      threshold: byte.default(0).describe('failed log-ins in a row that lock a user out; 0: never'),
      countResetSeconds: seconds10
        .default(300)
        .describe('the count begins anew after so long without a failure; 0: it does not'),
      lockoutSeconds: seconds10.default(300).describe('0: until `lastword bmc ctl SOCKET unlock USER`'),
    })
    .prefault({}),
  community: z.string().max(18).default('public'),
})

const pef = z.strictObject({
  enabled: z.boolean().default(false),
  destinations: z
    .array(z.strictObject({ address: ipv4, acknowledge: z.boolean().default(false) }))
    .max(4)
    .default([])
    .describe('where each event goes to as a PET trap'),
})

const power = z.strictObject({
  initial: z.enum(['on', 'off']).default('on').describe('at the very first start'),
  restorePolicy: z.enum(['alwaysOff', 'previous', 'alwaysOn']).default('previous'),
  cycleSeconds: byte.default(1),
  shutdownSeconds: z.number().min(0).default(2).describe('how long a host without a VM takes to shut down'),
})

const satelliteHead = {
  name: z.string().min(1).max(16),
  address: byte
    .refine(value => value % 2 === 0 && value !== 0x20, 'an even address other than 0x20 is wanted')
    .describe('slave address on its bus: on the IPMB, channel 0 of the BMC, or on channel 7 of a satellite'),
  deviceId: byte.default(0x30),
  sensors: z.array(sensor).max(250).default([]),
}

const satellite = z.strictObject({
  ...satelliteHead,
  behind: z
    .array(z.strictObject(satelliteHead))
    .default([])
    .describe('controllers on a bus of its own, which a message reaches over two Send Messages'),
})

export const bmcConfig = z.strictObject({
  name: z.string().min(1).max(60).default('lastword').describe('the system; {n} is the number of the BMC'),
  device: z
    .strictObject({
      id: byte.default(0x20),
      revision: z.int().min(0).max(15).default(1),
      firmware: z
        .string()
        .regex(/^\d{1,2}\.\d{2}$/, 'major.minor is wanted, such as "1.04"')
        .default('1.00'),
      manufacturerId: z.int().min(0).max(0xffffff).default(0),
      productId: word.default(1),
      guid: hex(16).optional().describe('drawn unless given'),
    })
    .prefault({}),
  sel: z.strictObject({ capacity: z.int().min(1).max(65_000).default(2048) }).prefault({}),
  sensors: z.array(sensor).max(250).default([]),
  frus: z.array(fru).default([]),
  oemSdrs: z
    .array(z.string().regex(/^([0-9a-fA-F]{2}){3,60}$/))
    .default([])
    .describe('records of type C0h: manufacturer ID and data in hexadecimal'),
  users: z.array(userConfig).max(16).default([]),
  lan: lan.prefault({}),
  pef: pef.prefault({}),
  power: power.prefault({}),
  dcmi: z
    .strictObject({ watts: analogValue.default(180), assetTag: z.string().max(63).default('') })
    .prefault({}),
  satellites: z.array(satellite).default([]),
})

export type BmcConfig = z.output<typeof bmcConfig>
/** As it is written: with what may be left out left out. */
export type BmcConfigInput = z.input<typeof bmcConfig>
export type SensorConfig = z.output<typeof sensor>
export type AnalogSensorConfig = z.output<typeof analogSensor>
export type DiscreteSensorConfig = z.output<typeof discreteSensor>
export type AnalogValue = z.output<typeof analogValue>
export type DiscreteStates = z.output<typeof discreteStates>
export type FruConfig = z.output<typeof fru>
export type UserConfig = z.output<typeof userConfig>

/** The published schema, of what people write. */
export function bmcConfigSchema(): object {
  return z.toJSONSchema(bmcConfig, { io: 'input' })
}
