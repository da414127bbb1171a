/** The console's side of an IPMI 1.5 log-in. IPMI 2.0 rev 1.1, sections 22.13 to 22.17. */
import { decodeResponse, encodeRequest, Privilege } from '../protocol/command.ts'
import {
  ActivateSession,
  AuthType,
  GetChannelAuthenticationCapabilities,
  GetSessionChallenge,
} from '../protocol/commands/session.ts'
import { CompletionCodeError } from '../protocol/completion-code.ts'
import { LastwordError } from '../protocol/error.ts'
import type { LoginContext, Steps } from './client-ask.ts'
import { type Ask, ask, askOutside, bodyOf, lanRequest } from './client-ask.ts'
import { badPassword, timedOut, userTitle } from './client-errors.ts'
import type { LanClientOptions } from './client-options.ts'
import { V15Link, v15Password } from './session-link.ts'
import { encodeV15, isAuthentic } from './session-v15.ts'

const PRESENT_CHANNEL = 0x0e

export function* loginV15(context: LoginContext): Steps<V15Link> {
  const { options, random } = context
  const { name, userName, password } = options
  const level = options.privilege ?? Privilege.Admin
  const rqSeq = () => random(1)[0]! & 0x3f
  const asking = askOutside(
    GetChannelAuthenticationCapabilities,
    { of: { channel: PRESENT_CHANNEL, extended: false }, privilege: level },
    rqSeq(),
  )
  const { authTypes } = asking.read(yield* ask(asking))
  const authType = chooseAuthType(authTypes, options)
  if (authType === undefined) {
    throw new LastwordError(
      'NO_IPMI15',
      `${name}: the BMC offers ${offeredWords(authTypes)} to log in by IPMI 1.5`,
      {
        hint: 'Use lanplus:// (-I lanplus), which is IPMI 2.0, or another authentication type (-A).',
      },
    )
  }
  const challenging = askOutside(GetSessionChallenge, { authType, userName }, rqSeq())
  const challenged = yield* ask(challenging)
  const { temporarySessionId, challenge } = explained(options, () => challenging.read(challenged))
  const request = {
    authType,
    maximum: level,
    challenge,
    initialOutboundSequence: (random(1)[0]! << 8) | 1,
  }
  const body = yield* ask(askActivate(request, temporarySessionId, options, rqSeq()))
  const session = explained(options, () => decodeResponse(ActivateSession, body))
  const first = {
    // The answer that has just come may have been the first.
    inbound: request.initialOutboundSequence,
    outbound: session.initialInboundSequence,
  }
  return new V15Link(session.authType, session.sessionId, password, first, 'legacyPad')
}

function offeredWords(offered: Readonly<Record<keyof typeof codes | 'md2', boolean>>): string {
  const names = (['none', 'md2', 'md5', 'password'] as const).filter(name => offered[name])
  return names.length === 0 ? 'nothing' : `only ${names.join(', ')}`
}

const codes = { none: AuthType.None, md5: AuthType.Md5, password: AuthType.Password } as const

/** MD5, then the password as it is; none only where there is no password, or where it is asked for. */
function chooseAuthType(
  offered: Readonly<Record<keyof typeof codes, boolean>>,
  { authType, password }: LanClientOptions,
): AuthType | undefined {
  if (authType !== undefined) return offered[authType] ? codes[authType] : undefined
  if (offered.md5) return AuthType.Md5
  if (offered.password) return AuthType.Password
  return offered.none && password.length === 0 ? AuthType.None : undefined
}

function askActivate(
  request: Parameters<typeof ActivateSession.request.write>[1],
  sessionId: number,
  { name, userName, password }: LanClientOptions,
  rqSeq: number,
): Ask<Uint8Array> {
  const { netFn, cmd } = ActivateSession
  const payload = lanRequest(rqSeq, netFn, cmd, encodeRequest(ActivateSession, request))
  const key = v15Password(password)
  return {
    what: `Activate Session of ${userTitle(userName)} on ${name}`,
    datagrams: [encodeV15({ authType: request.authType, sequence: 0, sessionId, payload }, key)],
    take(incoming) {
      if (incoming.format !== 'v15' || incoming.packet.sessionId !== sessionId) return undefined
      return isAuthentic(incoming.packet, key)
        ? bodyOf(incoming.packet.payload, rqSeq, netFn, cmd)
        : undefined
    },
    opensSession: true,
  }
}

/** What a completion code means in a log-in. */
function explained<R>({ name, userName }: LanClientOptions, read: () => R): R {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof CompletionCodeError)) throw error
    throw refusal(name, userName, error)
  }
}

function refusal(name: string, userName: string, error: CompletionCodeError): LastwordError {
  const isChallenge = error.command === GetSessionChallenge.name
  const { completionCode } = error
  if (isChallenge && (completionCode === 0x81 || completionCode === 0x82)) {
    return new LastwordError('NO_SUCH_USER', `${name}: ${userTitle(userName)} is unknown or disabled`, {
      cause: error,
      hint: 'Check the name; the user may be disabled, locked out, or not allowed on this channel.',
    })
  }
  if (!isChallenge && completionCode >= 0x81 && completionCode <= 0x83) {
    return new LastwordError('NO_SESSION_LEFT', `${name}: the BMC has no session left`, {
      cause: error,
      hint: 'Close other sessions, or wait a minute until the BMC drops the idle ones.',
    })
  }
  if (!isChallenge && completionCode === 0x86) {
    return new LastwordError('PRIVILEGE_REFUSED', `${name}: ${userTitle(userName)} may not have this level`, {
      cause: error,
      hint: 'Ask for a lower level: -L user.',
    })
  }
  return new LastwordError('LOGIN_REFUSED', `${name}: ${error.message}`, { cause: error })
}

/** A BMC drops what is signed with a wrong password, so that silence at Activate Session means that. */
export function explainSilence(name: string, userName: string, question: Ask<unknown>): LastwordError {
  return question.what.startsWith(ActivateSession.name)
    ? badPassword(name, userName)
    : timedOut(name, question.what)
}
