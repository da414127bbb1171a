/** The system boot option parameters. IPMI 2.0 rev 1.1, section 28.13, table 28-14. */
import { bits, flag, low, nameBits, reserved, rest, struct, u8, u32, ubits } from '../codec.ts'
import { type ParameterValue, parameter } from '../parameter.ts'
import { setInProgress } from './lan.ts'

export const BootParameter = {
  setInProgress: parameter(0, 'Set In Progress', setInProgress),
  servicePartition: parameter(1, 'Service Partition Selector', u8),
  servicePartitionScan: parameter(
    2,
    'Service Partition Scan',
    bits({ isDiscovered: flag, scanRequested: flag, _: reserved(6) }),
  ),
  /** What does not clear the boot flags' validity. */
  keepFlagsOn: parameter(
    3,
    'BMC Boot Flag Valid Bit Clearing',
    bits({
      powerUp: flag,
      resetButton: flag,
      watchdog: flag,
      controlTimeout: flag,
      pef: flag,
      _: reserved(3),
    }),
  ),
  acknowledge: parameter(
    4,
    'Boot Info Acknowledge',
    struct({
      /** Which bits of the next byte are written; 0 when read. */
      mask: u8,
      notHandled: bits({
        bios: flag,
        osLoader: flag,
        servicePartition: flag,
        sms: flag,
        oem: flag,
        _: reserved(3, 7),
      }),
    }),
  ),
  flags: parameter(
    5,
    'Boot Flags',
    struct({
      boot: bits({
        _: reserved(5),
        type: nameBits(1, { legacy: 0, efi: 1 }),
        isPersistent: flag,
        isValid: flag,
      }),
      device: bits({
        lockResetButton: flag,
        screenBlank: flag,
        selector: nameBits(4, {
          none: 0x0,
          pxe: 0x1,
          disk: 0x2,
          safe: 0x3,
          diagnostic: 0x4,
          cdrom: 0x5,
          bios: 0x6,
          remoteFloppy: 0x7,
          remoteCdrom: 0x8,
          primaryRemoteMedia: 0x9,
          remoteDisk: 0xb,
          floppy: 0xf,
        }),
        lockKeyboard: flag,
        clearCmos: flag,
      }),
      console: bits({
        redirection: nameBits(2, { default: 0, suppress: 1, request: 2 }),
        lockSleepButton: flag,
        bypassPassword: flag,
        progressTraps: flag,
        verbosity: nameBits(2, { default: 0, quiet: 1, verbose: 2 }),
        lockPowerButton: flag,
      }),
      mux: bits({
        control: nameBits(3, { recommended: 0, bmc: 1, system: 2 }),
        sharedModeOverride: flag,
        _: reserved(4),
      }),
      instance: low(ubits(5)),
    }),
  ),
  initiator: parameter(
    6,
    'Boot Initiator Info',
    struct({ channel: low(ubits(4)), sessionId: u32, time: u32 }),
  ),
  mailbox: parameter(7, 'Boot Initiator Mailbox', struct({ block: u8, data: rest }), { isSet: true }),
} as const

/** Boot flags that ask for nothing. */
export const noBootFlags: ParameterValue<typeof BootParameter.flags> = {
  boot: { type: 'legacy', isPersistent: false, isValid: false },
  device: {
    lockResetButton: false,
    screenBlank: false,
    selector: 'none',
    lockKeyboard: false,
    clearCmos: false,
  },
  console: {
    redirection: 'default',
    lockSleepButton: false,
    bypassPassword: false,
    progressTraps: false,
    verbosity: 'default',
    lockPowerButton: false,
  },
  mux: { control: 'recommended', sharedModeOverride: false },
  instance: 0,
}

/** What a block of the mailbox holds at most. */
export const BOOT_MAILBOX_BLOCK_BYTES = 16
