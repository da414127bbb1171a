/** `lastword chassis bootdev` and `bootparam`: what the system boots from next. IPMI 2.0 rev 1.1, section 28.13. */
import { BootParameter } from '../../protocol/parameters/boot.ts'
import { bootData, bootWords } from '../boot-words.ts'
import { group, subcommand } from '../declare.ts'
import { bootParameter, setBootParameter } from '../parameters.ts'
import { choice, many, text, UsageError } from '../params.ts'
import { phrase } from '../phrase.ts'

const devices = {
  none: 'none',
  pxe: 'pxe',
  disk: 'disk',
  safe: 'safe',
  diag: 'diagnostic',
  cdrom: 'cdrom',
  bios: 'bios',
  floppy: 'floppy',
} as const

const deviceWords = Object.keys(devices) as (keyof typeof devices)[]

/** ipmitool's words for the bits of the boot flags. */
const options = {
  persistent: 'holds until it is changed',
  efiboot: 'an EFI boot',
  'clear-cmos': 'clears the CMOS',
  lockkbd: 'locks the keyboard',
  'lock-sleep': 'locks the sleep button',
  'lock-power': 'locks the power button',
  'lock-reset': 'locks the reset button',
  screenblank: 'blanks the screen',
  verbose: 'boots verbosely',
  quiet: 'boots quietly',
} as const

type Option = keyof typeof options

function optionsOf(words: readonly string[]): Set<Option> {
  const names = words.flatMap(word => word.replace(/^options=/, '').split(','))
  for (const name of names) {
    if (!(name in options))
      throw new UsageError(`options: "${name}" is none of ${Object.keys(options).join(', ')}`)
  }
  return new Set(names as Option[])
}

export const bootdev = subcommand({
  name: 'bootdev',
  summary: 'what the system boots from next',
  args: {
    device: choice(deviceWords, 'where from'),
    options: many(text('options=NAMES', 'how; the help lists the names')),
  },
  details: Object.entries(options)
    .map(([name, what]) => `  ${name}: ${what}`)
    .join('\n'),
  async run({ bmc, signal }, { device, options: words }) {
    const asked = optionsOf(words)
    const place = { bmc: await bmc(), signal }
    await setBootParameter(place, BootParameter.acknowledge, {
      mask: 0x01,
      notHandled: { bios: true, osLoader: false, servicePartition: false, sms: false, oem: false },
    })
    await setBootParameter(place, BootParameter.flags, {
      boot: {
        type: asked.has('efiboot') ? 'efi' : 'legacy',
        isPersistent: asked.has('persistent'),
        isValid: true,
      },
      device: {
        lockResetButton: asked.has('lock-reset'),
        screenBlank: asked.has('screenblank'),
        selector: devices[device],
        lockKeyboard: asked.has('lockkbd'),
        clearCmos: asked.has('clear-cmos'),
      },
      console: {
        redirection: 'default',
        lockSleepButton: asked.has('lock-sleep'),
        bypassPassword: false,
        progressTraps: false,
        verbosity: asked.has('verbose') ? 'verbose' : asked.has('quiet') ? 'quiet' : 'default',
        lockPowerButton: asked.has('lock-power'),
      },
      mux: { control: 'recommended', sharedModeOverride: false },
      instance: 0,
    })
    return { device, options: [...asked] }
  },
  view: as => as.lines(({ device }) => `The system boots next from: ${device}.`),
})

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

export const bootparam = group('bootparam', 'the boot option parameters', [get])
