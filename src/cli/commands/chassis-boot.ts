/** `lastword chassis bootdev` and `bootparam`: what the system boots from next. IPMI 2.0 rev 1.1, section 28.13. */
import type { Bmc } from '../../client/bmc.ts'
import type { BootFlags } from '../../client/chassis.ts'
import { BootParameter, noBootFlags } from '../../protocol/parameters/boot.ts'
import { assignments, wordList } from '../assignments.ts'
import { bootData, bootWords } from '../boot-words.ts'
import { group, subcommand } from '../declare.ts'
import { bootParameter, setBootParameter } from '../parameters.ts'
import { choice, mapped, type Param, text, UsageError } from '../params.ts'
import { phrase } from '../phrase.ts'

const device = mapped(
  {
    none: 'none',
    pxe: 'pxe',
    disk: 'disk',
    safe: 'safe',
    diag: 'diagnostic',
    cdrom: 'cdrom',
    bios: 'bios',
    floppy: 'floppy',
  },
  'where from',
)

const bootOptions = wordList(
  [
    'valid',
    'persistent',
    'efiboot',
    'clear-cmos',
    'lockkbd',
    'screenblank',
    'lockoutreset',
    'lockout_power',
    'verbose=default',
    'verbose=no',
    'verbose=yes',
    'force_pet',
    'upw_bypass',
    'lockout_sleep',
    'cons_redirect=default',
    'cons_redirect=skip',
    'cons_redirect=enable',
  ],
  'persistent holds until it is changed, efiboot is an EFI boot; the others are of the BIOS',
)
type BootOption = typeof bootOptions extends Param<readonly (infer W)[]> ? W : never

interface Choice {
  selector: BootFlags['device']['selector']
  asked: readonly BootOption[]
}

/** Says that the BIOS has not yet seen it, and sets it. */
async function setBootFlags(place: { bmc: Bmc; signal: AbortSignal }, { selector, asked }: Choice) {
  await setBootParameter(place, BootParameter.acknowledge, {
    mask: 0x01,
    notHandled: { bios: true, osLoader: false, servicePartition: false, sms: false, oem: false },
  })
  const verbosity = asked.includes('verbose=yes')
    ? 'verbose'
    : asked.includes('verbose=no')
      ? 'quiet'
      : 'default'
  const redirection = asked.includes('cons_redirect=skip')
    ? 'suppress'
    : asked.includes('cons_redirect=enable')
      ? 'request'
      : 'default'
  await setBootParameter(place, BootParameter.flags, {
    ...noBootFlags,
    boot: {
      type: asked.includes('efiboot') ? 'efi' : 'legacy',
      isPersistent: asked.includes('persistent'),
      isValid: true,
    },
    device: {
      selector,
      lockResetButton: asked.includes('lockoutreset'),
      screenBlank: asked.includes('screenblank'),
      lockKeyboard: asked.includes('lockkbd'),
      clearCmos: asked.includes('clear-cmos'),
    },
    console: {
      redirection,
      verbosity,
      lockSleepButton: asked.includes('lockout_sleep'),
      bypassPassword: asked.includes('upw_bypass'),
      progressTraps: asked.includes('force_pet'),
      lockPowerButton: asked.includes('lockout_power'),
    },
  })
}

export const bootdev = subcommand({
  name: 'bootdev',
  summary: 'what the system boots from next',
  args: {
    device,
    how: assignments(
      { 'clear-cmos': mapped({ yes: true, no: false }, 'clears the CMOS'), options: bootOptions },
      'how',
    ),
  },
  async run({ bmc, signal }, { device: selector, how: { options = [], 'clear-cmos': clear } }) {
    const asked: readonly BootOption[] = clear ? [...options, 'clear-cmos'] : options
    await setBootFlags({ bmc: await bmc(), signal }, { selector, asked })
    return { device: selector, options: asked }
  },
  view: as => as.lines(({ device: from }) => `The system boots next from: ${phrase(from)}.`),
})

/** What makes the BMC forget the choice, in ipmitool's words. */
const forgetsOn = {
  PEF: 'pef',
  timeout: 'controlTimeout',
  watchdog: 'watchdog',
  reset: 'resetButton',
  power: 'powerUp',
} as const
type Occasion = keyof typeof forgetsOn
const occasions = Object.keys(forgetsOn) as Occasion[]

const set = subcommand({
  name: 'set',
  summary: 'what the system boots from next, and what makes the BMC forget it',
  args: {
    parameter: choice(['bootflag'], 'the one that can be set'),
    device: mapped(
      {
        none: 'none',
        force_pxe: 'pxe',
        force_disk: 'disk',
        force_safe: 'safe',
        force_diag: 'diagnostic',
        force_cdrom: 'cdrom',
        force_bios: 'bios',
      },
      'where from',
    ),
    how: assignments(
      {
        options: wordList(
          [...occasions, ...occasions.map(word => `no-${word}` as const)],
          'on what it is forgotten, or with no- not forgotten',
        ),
      },
      'how',
    ),
  },
  async run({ bmc, signal }, { parameter, device: selector, how: { options = [] } }) {
    const place = { bmc: await bmc(), signal }
    await setBootFlags(place, { selector, asked: [] })
    if (options.length > 0) {
      const present = await bootParameter(place, BootParameter.keepFlagsOn)
      const changes = occasions.flatMap(word => {
        const isNamed = options.includes(word) || options.includes(`no-${word}`)
        return isNamed ? [[forgetsOn[word], options.includes(`no-${word}`)]] : []
      })
      await setBootParameter(place, BootParameter.keepFlagsOn, {
        ...keepNothing,
        ...present,
        ...Object.fromEntries(changes),
      })
    }
    return { [parameter]: selector, options }
  },
  view: as => as.lines(({ bootflag }) => `The system boots next from: ${phrase(String(bootflag))}.`),
})

const keepNothing = { powerUp: false, resetButton: false, watchdog: false, controlTimeout: false, pef: false }

const parameterNames = Object.keys(BootParameter) as (keyof typeof BootParameter)[]

const get = subcommand({
  name: 'get',
  summary: 'a boot option parameter, by its number',
  args: { number: text('NUMBER', 'the number of the parameter; the help lists them') },
  details: parameterNames.map(name => `  ${BootParameter[name].selector}: ${phrase(name)}`).join('\n'),
  async run({ bmc, signal }, { number }) {
    const name = parameterNames.find(candidate => String(BootParameter[candidate].selector) === number)
    if (name === undefined) throw new UsageError(`number: "${number}" is no boot option parameter`)
    const value = await bootParameter<unknown>({ bmc: await bmc(), signal }, BootParameter[name])
    return { parameter: name, supported: value !== undefined, value }
  },
  data: ({ value, ...answer }) => ({ ...answer, value: bootData(answer.parameter, value) }),
  view: as => as.lines(({ parameter, value }) => bootWords(parameter, value)),
})

export const bootparam = group('bootparam', 'the boot option parameters', [get, set])
