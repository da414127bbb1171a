/** `lastword dcmi thermalpolicy`, `get_conf_param` and `set_conf_param`. DCMI 1.5, sections 6.1.2, 6.1.3 and 6.7. */
import { GetThermalLimit, SetThermalLimit } from '../../protocol/commands/dcmi.ts'
import type { Parameter } from '../../protocol/parameter.ts'
import { DcmiParameter } from '../../protocol/parameters/dcmi.ts'
import { type Context, group, type Subcommand, subcommand } from '../declare.ts'
import { integer, mapped } from '../params.ts'
import { flagPhrases } from '../phrase.ts'

const entityArgs = {
  entity: integer('ENTITY', 'entity ID, such as 0x40 for the air inlet', { max: 0xff }),
  instance: integer('INSTANCE', 'entity instance', { max: 0xff }),
}

const thermalGet = subcommand({
  name: 'get',
  summary: 'what happens when a temperature is too high',
  args: entityArgs,
  run: async ({ bmc, signal }, { entity, instance }) =>
    (await bmc()).run(GetThermalLimit, { entityId: entity, entityInstance: instance }, { signal }),
  view: as =>
    as.record(
      ['limit', data => `${data.limitCelsius} °C`],
      ['exceeded for', data => `${data.exceptionSeconds} s`],
      ['action', data => flagPhrases(data.action)],
    ),
})

const thermalSet = subcommand({
  name: 'set',
  summary: 'changes what happens when a temperature is too high',
  args: {
    ...entityArgs,
    lasts: mapped({ volatile: false, nonvolatile: true, disabled: false }, 'whether it outlasts the power'),
    powerOff: mapped({ poweroff: true, nopoweroff: false, disabled: false }, 'whether the power goes off'),
    log: mapped({ sel: true, nosel: false, disabled: false }, 'whether it is only logged'),
    limit: integer('CELSIUS', 'the limit', { max: 0xff }),
    seconds: integer('SECONDS', 'how long it may be exceeded', { max: 0xffff }),
  },
  async run({ bmc, signal }, { entity, instance, lasts, powerOff, log, limit, seconds }) {
    const request = {
      entityId: entity,
      entityInstance: instance,
      action: { isPersistent: lasts, powerOffAndLog: powerOff, logEvent: log },
      limitCelsius: limit,
      exceptionSeconds: seconds,
    }
    await (await bmc()).run(SetThermalLimit, request, { signal })
    return request
  },
  view: as => as.lines(({ limitCelsius, action }) => `Above ${limitCelsius} °C: ${flagPhrases(action)}.`),
})

export const thermalpolicy = group('thermalpolicy', 'what happens when a temperature is too high', [
  thermalGet,
  thermalSet,
])

export const getConfParam = subcommand({
  name: 'get_conf_param',
  summary: 'how the BMC comes by its address',
  run: async ({ bmc, signal }) => (await bmc()).dcmi.parameters.all({ signal }),
  view: as =>
    as.record(
      ['DHCP discovery', ({ discovery }) => discovery && flagPhrases(discovery)],
      ['initial time-out', data => seconds(data.dhcpInitialTimeoutSeconds)],
      ['gives up after', data => seconds(data.dhcpGiveUpSeconds)],
      ['tries again after', data => seconds(data.dhcpRetrySeconds)],
    ),
})

function seconds(value: number | undefined): string | undefined {
  return value === undefined ? undefined : `${value} s`
}

async function setParameter<T>({ bmc, signal }: Context, parameter: Parameter<T>, value: T): Promise<void> {
  await (await bmc()).dcmi.parameters.set(parameter, value, { signal })
}

const activateDhcp = subcommand({
  name: 'activate_dhcp',
  summary: 'lets the BMC ask for its address now',
  async run(context) {
    await setParameter(context, DcmiParameter.activateDhcp, true)
    return { dhcp: 'activated' }
  },
  view: as => as.lines(() => 'The BMC asks for its address.'),
})

const dhcpConfig = subcommand({
  name: 'dhcp_config',
  summary: 'what the BMC says of itself when it asks',
  args: {
    bits: integer('BITS', '1: its identifier (option 12), 2: its vendor (60 and 43), 0x80: random back-off', {
      max: 0xff,
    }),
  },
  async run(context, { bits }) {
    const discovery = {
      option12: (bits & 0x01) !== 0,
      options60And43: (bits & 0x02) !== 0,
      randomBackoff: (bits & 0x80) !== 0,
    }
    await setParameter(context, DcmiParameter.discovery, discovery)
    return discovery
  },
  view: as => as.lines(discovery => `DHCP discovery: ${flagPhrases(discovery)}.`),
})

function timing(name: string, summary: string, parameter: Parameter<number>, max: number): Subcommand {
  return subcommand({
    name,
    summary,
    args: { seconds: integer('SECONDS', 'how long', { max }) },
    async run(context, { seconds: given }) {
      await setParameter(context, parameter, given)
      return { [name]: given }
    },
    view: as => as.lines(change => `${Object.entries(change).flat().join(' is now ')} s.`),
  })
}

export const setConfParam = group('set_conf_param', 'changes how the BMC comes by its address', [
  activateDhcp,
  dhcpConfig,
  timing('init', 'how long it waits at first', DcmiParameter.dhcpInitialTimeoutSeconds, 0xff),
  timing('timeout', 'after how long it gives up', DcmiParameter.dhcpGiveUpSeconds, 0xffff),
  timing('retry', 'after how long it tries again', DcmiParameter.dhcpRetrySeconds, 0xffff),
])
