/** The boot option parameters in words. IPMI 2.0 rev 1.1, section 28.13, table 28-14. */
import type { ParameterValue } from '../protocol/parameter.ts'
import type { BootParameter } from '../protocol/parameters/boot.ts'
import { hex } from './hex.ts'
import { pairsText, type WordPair, wordPairs } from './output/pairs.ts'
import { flagPhrases, phrase } from './phrase.ts'
import { lastTimes, lastTimeText } from './times.ts'

export type BootName = keyof typeof BootParameter
type ValueOf<N extends BootName> = ParameterValue<(typeof BootParameter)[N]>

const yesNo = (is: boolean) => (is ? 'yes' : 'no')

const words: { readonly [N in BootName]?: (value: ValueOf<N>) => WordPair[] } = {
  servicePartition: number => [['service partition', number === 0 ? 'none' : String(number)]],
  servicePartitionScan: ({ isDiscovered, scanRequested }) => [
    ['scan requested', yesNo(scanRequested)],
    ['partition found', yesNo(isDiscovered)],
  ],
  keepFlagsOn: flags => [['choice is kept on', flagPhrases(flags)]],
  acknowledge: ({ notHandled }) => [['still to be handled by', flagPhrases(notHandled)]],
  flags: ({ boot, device, console, mux, instance }) => [
    ['valid', yesNo(boot.isValid)],
    ['boots from', phrase(device.selector)],
    ['device instance', instance === 0 ? undefined : String(instance)],
    ['boots as', boot.type === 'efi' ? 'EFI' : 'legacy BIOS'],
    ['holds', boot.isPersistent ? 'until it is changed' : 'for one boot'],
    ['clears CMOS', yesNo(device.clearCmos)],
    ['screen', device.screenBlank ? 'blank' : 'as usual'],
    [
      'locked',
      flagPhrases({
        resetButton: device.lockResetButton,
        keyboard: device.lockKeyboard,
        sleepButton: console.lockSleepButton,
        powerButton: console.lockPowerButton,
      }),
    ],
    ['console redirection', phrase(console.redirection)],
    ['verbosity', phrase(console.verbosity)],
    ['also', flagPhrases({ bypassPassword: console.bypassPassword, progressTraps: console.progressTraps })],
    ['serial port', `${phrase(mux.control)}${mux.sharedModeOverride ? ', may be shared' : ''}`],
  ],
  initiator: ({ channel, sessionId, time }) => [
    ['channel', String(channel)],
    ['session', sessionId === 0 ? 'none' : hex(sessionId, 8)],
    ['time', lastTimeText(time)],
  ],
}

/** What people read. */
export function bootWords(name: BootName, value: unknown): string {
  if (value === undefined) return `${phrase(name)}: this BMC does not have it`
  const pairs = words[name] as ((value: unknown) => WordPair[]) | undefined
  return pairsText(
    pairs?.(value) ?? wordPairs(typeof value === 'object' && value ? value : { [name]: value }),
  )
}

/** What programs get of it: as it stands, but for a time. */
export function bootData(name: BootName, value: unknown): unknown {
  if (name !== 'initiator' || value === undefined) return value
  const initiator = value as ValueOf<'initiator'>
  return { ...initiator, ...lastTimes(initiator, 'time') }
}
