/** `lastword power`, also `chassis power`: the system's power. IPMI 2.0 rev 1.1, section 28.3. */
import { ChassisControl, GetChassisStatus } from '../../protocol/commands/chassis.ts'
import { group, type Subcommand, subcommand } from '../declare.ts'

const status = subcommand({
  name: 'status',
  summary: 'whether the power is on',
  async run({ bmc, signal }) {
    const { power } = await (await bmc()).run(GetChassisStatus, {}, { signal })
    return { power: power.isOn ? 'on' : 'off' }
  },
  view: as => as.lines(({ power }) => `The power is ${power}.`),
  ipmitool: ({ power }) => `Chassis Power is ${power}\n`,
})

interface Control {
  readonly word: string
  readonly action:
    | 'powerUp'
    | 'powerDown'
    | 'powerCycle'
    | 'hardReset'
    | 'diagnosticInterrupt'
    | 'softShutdown'
  readonly summary: string
  readonly told: string
}

const controls: readonly Control[] = [
  { word: 'on', action: 'powerUp', summary: 'turns it on', told: 'The power is turned on.' },
  { word: 'off', action: 'powerDown', summary: 'turns it off at once', told: 'The power is turned off.' },
  { word: 'up', action: 'powerUp', summary: 'the same as on', told: 'The power is turned on.' },
  { word: 'down', action: 'powerDown', summary: 'the same as off', told: 'The power is turned off.' },
  {
    word: 'cycle',
    action: 'powerCycle',
    summary: 'off, and on again a little later',
    told: 'The power is cycled.',
  },
  { word: 'reset', action: 'hardReset', summary: 'a hard reset', told: 'The system is reset.' },
  {
    word: 'diag',
    action: 'diagnosticInterrupt',
    summary: 'a diagnostic interrupt (NMI), which makes most systems dump',
    told: 'A diagnostic interrupt is sent.',
  },
  {
    word: 'soft',
    action: 'softShutdown',
    summary: 'asks the operating system to shut down (ACPI)',
    told: 'The operating system is asked to shut down.',
  },
]

function control({ word, action, summary, told }: Control): Subcommand {
  return subcommand({
    name: word,
    summary,
    async run({ bmc, signal }) {
      await (await bmc()).run(ChassisControl, { action }, { signal })
      return { power: word }
    },
    view: as => as.lines(() => told),
  })
}

export const power = group('power', "the system's power", [status, ...controls.map(control)])
