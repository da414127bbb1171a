/** What every command shares: exit statuses, and how errors, lines and JSON rows are printed. */
import { withoutSecrets } from '../client/shown-url.ts'
import { LastwordError } from '../protocol/error.ts'

/** Documented in docs/cli.md. */
export const exitStatus = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  loginRefused: 4,
  wrongAnswer: 5,
  refused: 6,
  interrupted: 130,
} as const

export const statusMeanings: readonly (readonly [status: number, meaning: string])[] = [
  [exitStatus.ok, 'done'],
  [exitStatus.failed, 'failed; one line on standard error says what, why, and what to do next'],
  [exitStatus.usage, 'the command line or the file of named hosts is wrong'],
  [exitStatus.unreachable, 'no BMC answers: unknown host, no route, no interface, no response'],
  [exitStatus.loginRefused, 'the BMC refuses the login, or there is no password'],
  [exitStatus.wrongAnswer, 'the BMC answers what makes no sense'],
  [exitStatus.refused, 'the BMC refuses the command; the line holds its completion code'],
  [exitStatus.interrupted, 'interrupted; nothing was left behind'],
]

const statusOfCode: Readonly<Record<string, number>> = {
  ABORTED: exitStatus.interrupted,
  USAGE: exitStatus.usage,
  BAD_URL: exitStatus.usage,
  CONFIG: exitStatus.usage,
  NO_INTERFACE: exitStatus.unreachable,
  PORT_OPEN: exitStatus.unreachable,
  PORT_IO: exitStatus.unreachable,
  DEVICE_OPEN: exitStatus.unreachable,
  DEVICE_IO: exitStatus.unreachable,
  NO_FFI: exitStatus.unreachable,
  INTERFACE_HOSED: exitStatus.unreachable,
  INTERFACE_DEAD: exitStatus.unreachable,
  INTERFACE_GONE: exitStatus.unreachable,
  INTERFACE_NOT_READY: exitStatus.unreachable,
  RESPONSE_LOST: exitStatus.unreachable,
  BRIDGE_TIMEOUT: exitStatus.unreachable,
  HOST_UNKNOWN: exitStatus.unreachable,
  NO_ROUTE: exitStatus.unreachable,
  SOCKET: exitStatus.unreachable,
  TIMEOUT: exitStatus.unreachable,
  PASSWORD_TOO_LONG: exitStatus.loginRefused,
  NAME_TOO_LONG: exitStatus.loginRefused,
  KG_TOO_LONG: exitStatus.loginRefused,
  NO_PASSWORD: exitStatus.loginRefused,
  BAD_PASSWORD: exitStatus.loginRefused,
  BAD_HMAC: exitStatus.loginRefused,
  NO_SESSION_LEFT: exitStatus.loginRefused,
  SUITE_UNKNOWN: exitStatus.usage,
  SUITE_REFUSED: exitStatus.loginRefused,
  PRIVILEGE_REFUSED: exitStatus.loginRefused,
  NO_SUCH_USER: exitStatus.loginRefused,
  NO_IPMI15: exitStatus.loginRefused,
  LOGIN_REFUSED: exitStatus.loginRefused,
  RESPONSE_SHORT: exitStatus.wrongAnswer,
  RESPONSE_LONG: exitStatus.wrongAnswer,
  RESPONSE_BAD: exitStatus.wrongAnswer,
  RESPONSE_WRONG: exitStatus.wrongAnswer,
  SEL_CHANGED: exitStatus.wrongAnswer,
  SDR_CHANGED: exitStatus.wrongAnswer,
  RECORD_GONE: exitStatus.wrongAnswer,
  RECORD_BAD: exitStatus.wrongAnswer,
  SDR_BAD: exitStatus.wrongAnswer,
  FRU_BAD: exitStatus.wrongAnswer,
  SDR_LOOP: exitStatus.wrongAnswer,
  SEL_LOOP: exitStatus.wrongAnswer,
  COMPLETION_CODE: exitStatus.refused,
  PASSWORD_WRONG: exitStatus.refused,
}

/** The status that the program ends with because of this error. */
export function exitStatusOf(error: unknown): number {
  if (!(error instanceof LastwordError)) return exitStatus.failed
  if (error.code === 'EXEC_LINE') return exitStatusOf(error.cause)
  return statusOfCode[error.code] ?? exitStatus.failed
}

/** Onto standard error; the exit status says it too where nobody is there any more, as on a terminal that is gone. */
export function tell(text: string): void {
  if (process.stderr.listenerCount('error') === 0) process.stderr.on('error', () => {})
  process.stderr.write(text)
}

/** One line that says what failed and one that says what to do; a stack trace only when asked for. */
export function printError(error: unknown, how: 'short' | 'withStack'): void {
  if (how === 'withStack' && error instanceof Error) tell(`${withoutSecrets(error.stack ?? '')}\n`)
  const message = withoutSecrets(error instanceof Error ? error.message : String(error))
  const code = error instanceof LastwordError ? ` [${error.code}]` : ''
  tell(`lastword: ${message}${code}\n`)
  if (error instanceof LastwordError && error.hint !== undefined) {
    tell(`  ${error.hint.replace(/\n(?=.)/g, '\n  ')}\n`)
  }
  if (how === 'short' && !(error instanceof LastwordError)) {
    tell('  This is a fault in Lastword: run it again with --debug and report what it prints.\n')
  }
}

export function printLine(text = ''): void {
  process.stdout.write(`${text}\n`)
}

/** One JSON object a line. */
export function printRow(row: object): void {
  process.stdout.write(`${JSON.stringify(row)}\n`)
}
