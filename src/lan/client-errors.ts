/** The errors of a log-in and of a session, with the address that they are about and what to do next. */
import { SetSessionPrivilegeLevel } from '../protocol/commands/session.ts'
import { completionText } from '../protocol/completion-code.ts'
import { LastwordError } from '../protocol/error.ts'
import { RMCP_PORT } from './rmcp.ts'
import { RakpStatus, rakpStatusText } from './session-setup.ts'

export function badPassword(name: string, user: string): LastwordError {
  return new LastwordError('BAD_PASSWORD', `${name}: the password of ${userTitle(user)} is wrong`, {
    hint: 'Check the password; IPMI 2.0 takes 20 bytes, IPMI 1.5 takes 16, and some BMCs cut longer ones off.',
  })
}

export function badKg(name: string): LastwordError {
  return new LastwordError('BAD_HMAC', `${name}: the BMC's RAKP 4 does not prove that it has the same keys`, {
    hint: "Give the BMC's second key K_G (-k or -y), or none if none is set; or somebody is in between.",
  })
}

export function timedOut(name: string, what: string, isExecuted: 'no' | 'maybe' = 'no'): LastwordError {
  const port = /:(\d+)$/.exec(name)?.[1] ?? RMCP_PORT
  const hints = {
    no: `Check the address and that IPMI over LAN is on; UDP port ${port} has to get through.`,
    maybe: 'The BMC may have executed it: look before you send it again.',
  }
  return new LastwordError('TIMEOUT', `${name}: ${what}: no answer`, { hint: hints[isExecuted] })
}

export function userTitle(user: string): string {
  return user === '' ? 'the user without a name' : `user "${user}"`
}

const codes: Readonly<Record<number, [code: string, hint: string]>> = {
  [RakpStatus.InsufficientResources]: [
    'NO_SESSION_LEFT',
    'Close other sessions (session info all), or wait a minute until the BMC drops the idle ones.',
  ],
  [RakpStatus.InsufficientResourcesForRole]: [
    'NO_SESSION_LEFT',
    'Close other sessions at this level, or wait a minute until the BMC drops the idle ones.',
  ],
  [RakpStatus.InvalidAuthenticationAlgorithm]: ['SUITE_REFUSED', 'channel getciphers lists what there is.'],
  [RakpStatus.InvalidIntegrityAlgorithm]: ['SUITE_REFUSED', 'channel getciphers lists what there is.'],
  [RakpStatus.InvalidConfidentialityAlgorithm]: ['SUITE_REFUSED', 'channel getciphers lists what there is.'],
  [RakpStatus.NoCipherSuiteMatch]: ['SUITE_REFUSED', 'channel getciphers lists what there is.'],
  [RakpStatus.InvalidRole]: ['PRIVILEGE_REFUSED', 'Ask for a lower level: -L user.'],
  [RakpStatus.UnauthorizedRole]: ['PRIVILEGE_REFUSED', 'Ask for a lower level: -L user.'],
  [RakpStatus.UnauthorizedName]: [
    'NO_SUCH_USER',
    'Check the name; the user may be disabled, locked out, or not allowed on this channel.',
  ],
}

/** What a status that is not zero becomes. */
export function refused(name: string, message: string, status: number): LastwordError {
  const [code, hint] = codes[status] ?? [
    'LOGIN_REFUSED',
    'The BMC did not like the log-in; try another cipher suite.',
  ]
  return new LastwordError(code, `${name}: ${message}: ${rakpStatusText(status)}`, { hint })
}

/** What codecs and completion codes say of a log-in does not know whose it was; silence was none if something came. */
export function explained(name: string, error: LastwordError, garbled: number): LastwordError {
  if (error.code === 'TIMEOUT' && garbled > 0) {
    const what = `${error.message}, but ${garbled} that are cut off, or no messages of IPMI`
    return new LastwordError('RESPONSE_BAD', what, {
      cause: error,
      hint: 'The BMC breaks the protocol, or something else listens there.',
    })
  }
  if (error.message.startsWith(name)) return error
  const hint = error.hint ?? 'Try another cipher suite, or lan:// for IPMI 1.5.'
  return new LastwordError(error.code, `${name}: ${error.message}`, { cause: error, hint })
}

/** The completion code of Set Session Privilege Level. */
export function levelRefused(name: string, code: number): LastwordError {
  const why = completionText(code, SetSessionPrivilegeLevel.errors)
  return new LastwordError('PRIVILEGE_REFUSED', `${name}: the BMC refuses the privilege level: ${why}`, {
    hint: 'Ask for a lower level: -L user.',
  })
}

export function sessionClosed(name: string): LastwordError {
  return new LastwordError('SESSION_CLOSED', `${name}: the session is closed`)
}
