/** Completion codes and the typed error that one which is not zero becomes. IPMI 2.0 rev 1.1, section 5.2, table 5-2. */
import { LastwordError } from './error.ts'

export const CompletionCode = {
  Ok: 0x00,
  NodeBusy: 0xc0,
  InvalidCommand: 0xc1,
  InvalidForLun: 0xc2,
  Timeout: 0xc3,
  OutOfSpace: 0xc4,
  ReservationCancelled: 0xc5,
  RequestTruncated: 0xc6,
  RequestLengthInvalid: 0xc7,
  RequestLengthExceeded: 0xc8,
  ParameterOutOfRange: 0xc9,
  CannotReturnRequestedBytes: 0xca,
  NotPresent: 0xcb,
  InvalidDataField: 0xcc,
  IllegalForSensor: 0xcd,
  ResponseNotProvided: 0xce,
  DuplicatedRequest: 0xcf,
  SdrUpdateMode: 0xd0,
  FirmwareUpdateMode: 0xd1,
  InitInProgress: 0xd2,
  DestinationUnavailable: 0xd3,
  InsufficientPrivilege: 0xd4,
  NotSupportedInState: 0xd5,
  SubFunctionDisabled: 0xd6,
  Unspecified: 0xff,
} as const

/** The specification's words for the generic codes. */
const texts = new Map<number, string>([
  [0x00, 'command completed normally'],
  [0xc0, 'node busy'],
  [0xc1, 'invalid command'],
  [0xc2, 'command invalid for given LUN'],
  [0xc3, 'timeout while processing command'],
  [0xc4, 'out of space'],
  [0xc5, 'reservation cancelled or invalid reservation ID'],
  [0xc6, 'request data truncated'],
  [0xc7, 'request data length invalid'],
  [0xc8, 'request data field length limit exceeded'],
  [0xc9, 'parameter out of range'],
  [0xca, 'cannot return number of requested data bytes'],
  [0xcb, 'requested sensor, data, or record not present'],
  [0xcc, 'invalid data field in request'],
  [0xcd, 'command illegal for specified sensor or record type'],
  [0xce, 'command response could not be provided'],
  [0xcf, 'cannot execute duplicated request'],
  [0xd0, 'command response could not be provided, SDR repository in update mode'],
  [0xd1, 'command response could not be provided, device in firmware update mode'],
  [0xd2, 'command response could not be provided, BMC initialization in progress'],
  [0xd3, 'destination unavailable'],
  [0xd4, 'insufficient privilege level'],
  [0xd5, 'command not supported in present state'],
  [0xd6, 'parameter is illegal because command sub-function has been disabled'],
  [0xff, 'unspecified error'],
])

/** The words for a code; `specific` are the command's own for 80h to BEh. */
export function completionText(code: number, specific: Readonly<Record<number, string>> = {}): string {
  const text = specific[code] ?? texts.get(code)
  if (text !== undefined) return text
  if (code >= 0x01 && code <= 0x7e) return 'device-specific (OEM) completion code'
  if (code >= 0x80 && code <= 0xbe) return 'command-specific completion code'
  return 'reserved completion code'
}

const hints = new Map<number, string>([
  [0xc0, 'Try again a little later.'],
  [0xc1, 'This BMC does not implement the command.'],
  [0xc3, 'Try again; if it stays so, the BMC may need a reset (mc reset cold).'],
  [0xc2, 'The BMC has this command at another logical unit, or not at all.'],
  [0xc4, 'Make room first, for a SEL: sel clear.'],
  [0xc5, 'Somebody else changed the repository in between: reserve and read again.'],
  [0xc6, 'The BMC wants more bytes for this command.'],
  [0xc7, 'The BMC wants more or fewer bytes for this command.'],
  [0xc8, 'The BMC wants fewer bytes for this command.'],
  [0xc9, 'A number in it is beyond what the BMC has; list what there is first.'],
  [0xca, 'Ask for fewer bytes at once.'],
  [0xcb, 'The BMC has nothing of that number; list what there is first.'],
  [0xcc, 'The BMC does not take one of the values; it may lack what they name, or the whole function.'],
  [0xcd, 'The sensor or record does not have what the command is about.'],
  [0xce, 'Try again a little later.'],
  [0xcf, 'Try again a little later.'],
  [0xd0, 'Try again when the update of its SDRs is over.'],
  [0xd1, 'Try again when the update of its firmware is over.'],
  [0xd2, 'Try again a little later, when the BMC has started.'],
  [0xd3, 'See that the address and channel that it is bridged to are right (-t, -b).'],
  [0xd5, 'See what state BMC and host are in (chassis status), and try again in another one.'],
  [0xd6, 'The function has to be enabled in the BMC first.'],
  [0xff, 'Try again; the BMC says no more.'],
  [0xd4, 'Log in with a user or a privilege level that may do this (-L).'],
])

type OwnCodes = Record<'errors' | 'hints', Readonly<Record<number, string>>>

/** What a BMC answered instead of data. `completionCode` is the byte, `command` the name in the specification. */
export class CompletionCodeError extends LastwordError {
  readonly completionCode: number
  readonly command: string

  /** `own` are the codes of the command's own, and what to do about them. */
  constructor(command: string, completionCode: number, own: Partial<OwnCodes> = {}) {
    const hex = `0x${completionCode.toString(16).padStart(2, '0').toUpperCase().replace('X', 'x')}`
    const hint = own.hints?.[completionCode] ?? hints.get(completionCode)
    super(
      'COMPLETION_CODE',
      `${command}: the BMC answered ${hex}, ${completionText(completionCode, own.errors)}`,
      {
        ...(hint === undefined ? {} : { hint }),
      },
    )
    this.name = 'CompletionCodeError'
    this.completionCode = completionCode
    this.command = command
  }
}
