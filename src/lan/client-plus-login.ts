/** The console's side of an RMCP+ log-in. IPMI 2.0 rev 1.1, sections 13.15 to 13.24. */

import { timingSafeEqual } from 'node:crypto'
import type { Codec, ValueOf } from '../protocol/codec.ts'
import { encodeRequest, Privilege } from '../protocol/command.ts'
import { PayloadType } from '../protocol/commands/payload.ts'
import { CloseSession } from '../protocol/commands/session.ts'
import { LastwordError } from '../protocol/error.ts'
import { USER_NAME_BYTES, userNameBytes } from '../protocol/user-name.ts'
import { type CipherSuite, cipherSuite, IntegrityAlgorithm, strongestFirst } from './cipher-suites.ts'
import { type Ask, ask, garbled, type LoginContext, lanRequest, PATIENCE, type Steps } from './client-ask.ts'
import { badKg, badPassword, refused, timedOut } from './client-errors.ts'
import type { LanClientOptions } from './client-options.ts'
import { explore, listSuites } from './client-suites.ts'
import { mergeQuirks } from './quirks.ts'
import {
  protectionOf,
  type RakpState,
  rakp2AuthCode,
  rakp3AuthCode,
  rakp4IntegrityCheck,
  sessionIntegrityKey,
} from './rakp.ts'
import { encodePlus } from './rmcpplus.ts'
import { PlusLink } from './session-link.ts'
import {
  openSessionRequest,
  openSessionResponse,
  RANDOM_BYTES,
  RakpStatus,
  rakp1,
  rakp2,
  rakp3,
  rakp4,
  readSetup,
  roleOf,
  writeSetup,
} from './session-setup.ts'

/** Tried where the BMC does not say what it offers: nearly every one has one of them. */
const usualSuites: readonly number[] = [17, 3]
/** Tag, status, level or reserved bytes, and the console's session ID. */
const REFUSAL_BYTES = 8

/** Tags that follow one another: a late answer to a suite that was tried before has another one. */
interface PlusContext extends LoginContext {
  nextTag(): number
}

export function* loginPlus(login: LoginContext): Steps<PlusLink> {
  let tag = login.random(1)[0]!
  const context: PlusContext = { ...login, nextTag: () => (tag = (tag + 1) & 0xff) }
  const { options } = context
  const offered = yield* explore(context)
  if (options.suite !== undefined) return yield* loginForced(context, forcedSuite(options))
  const known = strongestFirst.filter(id => id !== 0 && offered.includes(id))
  const candidates = known.length > 0 ? known : usualSuites
  let refusal: unknown
  for (const id of candidates) {
    const isLast = id === candidates.at(-1)
    try {
      return yield* loginWith(context, cipherSuite(id)!, isLast ? 'ask on' : 'take for a refusal')
    } catch (error) {
      if (!isSuiteRefused(error)) throw error
      refusal = error
    }
  }
  throw refusal
}

/** A BMC that does not answer to the suite is asked which ones it has: silence alone would be told as a wrong address. */
function* loginForced(context: PlusContext, suite: CipherSuite): Steps<PlusLink> {
  try {
    return yield* loginWith(context, suite, 'take for a refusal')
  } catch (error) {
    if (!(error instanceof LastwordError) || error.code !== 'SUITE_REFUSED') throw error
    const offered = yield* listSuites(context)
    // A network that loses much looks the same.
    if (offered.length === 0 || offered.includes(suite.id)) return yield* loginWith(context, suite, 'ask on')
    throw new LastwordError(error.code, `${error.message}; it offers ${offered.join(', ')}`, {
      cause: error,
      hint: 'Leave the suite to the log-in, or take one of these.',
    })
  }
}

function isSuiteRefused(error: unknown): boolean {
  return error instanceof LastwordError && error.code === 'SUITE_REFUSED'
}

function forcedSuite({ name, suite: id, onWarning }: LanClientOptions): CipherSuite {
  const suite = cipherSuite(id!)
  if (suite === undefined) {
    throw new LastwordError('SUITE_UNKNOWN', `${name}: nothing is known of cipher suite ${id}`, {
      hint: `Known are ${strongestFirst.join(', ')}.`,
    })
  }
  if (id === 0) {
    onWarning?.(
      new LastwordError('SUITE_ZERO', `${name}: cipher suite 0 asks for no password and protects nothing`, {
        hint: 'A BMC that takes it lets everybody in: turn suite 0 off.',
      }),
    )
  }
  return suite
}

/** An answer to an earlier log-in may come late, with the same tag by chance: its console ID is another. */
function askSetup<T extends { tag: number; consoleId: number } | null>(
  { consoleId }: Pick<LoginContext, 'consoleId'>,
  what: string,
  types: readonly [request: number, response: number],
  payload: Uint8Array,
  response: Codec<NonNullable<T>>,
): Ask<T> {
  const tag = payload[0]
  return {
    what,
    datagrams: [encodePlus({ payloadType: types[0], sessionId: 0, sequence: 0, payload })],
    take(incoming) {
      if (incoming.format !== 'plus' || incoming.packet.payloadType !== types[1]) return undefined
      const message = readSetup(response, wholeRefusal(incoming.packet.payload))
      if (message === null) return garbled
      if (message.tag !== tag) return undefined
      // A refusal may leave the ID out.
      return message.consoleId === consoleId || message.consoleId === 0 ? message : garbled
    },
  }
}

/** What no answer to Open Session means: some BMCs do not answer to a suite that they do not know. */
type Silence = 'ask on' | 'take for a refusal'

/** Throws LastwordError SUITE_REFUSED when the BMC does not take the suite. */
function* loginWith(context: PlusContext, suite: CipherSuite, silence: Silence): Steps<PlusLink> {
  const { options } = context
  const state = yield* exchangeRandoms(context, suite, yield* openSession(context, suite, silence))
  return yield* proveKeys(options, state)
}

function* openSession(context: PlusContext, suite: CipherSuite, silence: Silence): Steps<number> {
  const { options, consoleId } = context
  const { name } = options
  const title = `Open Session with cipher suite ${suite.id}`
  const level = options.privilege ?? Privilege.Admin
  const payload = writeSetup(openSessionRequest, {
    tag: context.nextTag(),
    maximum: mergeQuirks(options.quirks ?? []).opensWithLevel ? level : 0,
    consoleId,
    algorithms: suite,
  })
  const types = [PayloadType.OpenSessionRequest, PayloadType.OpenSessionResponse] as const
  const question = askSetup<ValueOf<typeof openSessionResponse> | null>(
    context,
    title,
    types,
    payload,
    openSessionResponse,
  )
  const answer = yield* ask(
    silence === 'ask on'
      ? question
      : { ...question, without: sendings => (sendings >= PATIENCE ? null : undefined) },
  )
  const status = answer === null ? RakpStatus.NoCipherSuiteMatch : answer.status
  if (answer === null || status !== RakpStatus.Ok)
    throw refused(
      name,
      title,
      status === RakpStatus.IllegalParameter ? RakpStatus.NoCipherSuiteMatch : status,
    )
  const { bmcId, algorithms } = answer
  const isSame =
    algorithms?.authentication === suite.authentication &&
    algorithms.integrity === suite.integrity &&
    algorithms.confidentiality === suite.confidentiality
  if (bmcId === undefined || bmcId === 0 || !isSame) {
    throw new LastwordError('RESPONSE_BAD', `${name}: the answer to Open Session is not what was asked for`, {
      hint: 'The BMC changed the algorithms or the session ID; try another cipher suite.',
    })
  }
  return bmcId
}

function* exchangeRandoms(
  { options, consoleId, random, nextTag }: PlusContext,
  suite: CipherSuite,
  bmcId: number,
): Steps<RakpState> {
  const { name, userName } = options
  const role = {
    privilege: options.privilege ?? Privilege.Admin,
    nameOnly: options.lookUp !== 'byNameAndPrivilege',
  }
  const given = userNameBytes(userName)
  const isFilled = mergeQuirks(options.quirks ?? []).intel === true
  const nameBytes = isFilled ? new Uint8Array(USER_NAME_BYTES) : given
  if (isFilled) nameBytes.set(given)
  const consoleRandom = random(RANDOM_BYTES)
  const message = { tag: nextTag(), bmcId, consoleRandom, role, userName: nameBytes }
  const types = [PayloadType.Rakp1, PayloadType.Rakp2] as const
  const answer = yield* askOrBeginAnew(
    name,
    askSetup({ consoleId }, 'RAKP 1', types, writeSetup(rakp1, message), rakp2),
  )
  if (answer.status !== RakpStatus.Ok) throw refused(name, `RAKP 2 for ${titleOf(options)}`, answer.status)
  const { bmcRandom, guid } = answer
  if (bmcRandom === undefined || guid === undefined) throw cutOff(name, 'RAKP 2')
  const state: RakpState = {
    suite,
    consoleId,
    bmcId,
    consoleRandom,
    bmcRandom,
    guid,
    role: roleOf(role),
    userName: nameBytes,
    password: options.password,
    kg: options.kg ?? new Uint8Array(0),
  }
  const expected = rakp2AuthCode(state)
  if (isEqual(answer.authCode, expected)) return state
  if (answer.authCode.length !== expected.length) throw cutOff(name, 'RAKP 2')
  // The BMC frees what it holds for this log-in.
  const payload = writeSetup(rakp3, {
    tag: message.tag,
    status: RakpStatus.InvalidIntegrityCheckValue,
    bmcId,
    authCode: new Uint8Array(0),
  })
  yield {
    ...askSetup(state, 'RAKP 3', [PayloadType.Rakp3, PayloadType.Rakp4], payload, rakp4),
    isOneWay: true,
  }
  throw badPassword(name, userName)
}

/** Some BMCs (OpenIPMI's simulator is one) send no more of a refusal than its status; the rest counts as zeros. */
function wholeRefusal(payload: Uint8Array): Uint8Array {
  const status = payload[1] ?? RakpStatus.Ok
  if (status === RakpStatus.Ok || payload.length >= REFUSAL_BYTES) return payload
  const whole = new Uint8Array(REFUSAL_BYTES)
  whole.set(payload)
  return whole
}

function cutOff(name: string, message: string): LastwordError {
  return new LastwordError('RESPONSE_SHORT', `${name}: ${message} is cut off or too long`, {
    hint: 'The BMC breaks the protocol; another cipher suite may be treated better.',
  })
}

/** Some BMCs do not answer a message of a log-in that comes again: the log-in is begun anew then. */
function* askOrBeginAnew<T>(name: string, question: Ask<T>): Steps<T> {
  const answer = yield* ask<T | null>({
    ...question,
    without: sendings => (sendings > PATIENCE ? null : undefined),
  })
  if (answer === null) throw timedOut(name, question.what)
  return answer
}

function titleOf({ userName }: LanClientOptions): string {
  return userName === '' ? 'the user without a name' : `user "${userName}"`
}

function* proveKeys(options: LanClientOptions, state: RakpState): Steps<PlusLink> {
  const { name, userName } = options
  const message = {
    tag: state.consoleRandom[0]!,
    status: RakpStatus.Ok,
    bmcId: state.bmcId,
    authCode: rakp3AuthCode(state),
  }
  const types = [PayloadType.Rakp3, PayloadType.Rakp4] as const
  const question = askSetup(state, 'RAKP 3', types, writeSetup(rakp3, message), rakp4)
  const sik = sessionIntegrityKey(state)
  const link = new PlusLink(state.bmcId, protectionOf(state, sik))
  const answer = yield* orClose(link, askOrBeginAnew(name, { ...question, opensSession: true }))
  if (answer.status === RakpStatus.InvalidIntegrityCheckValue) throw badPassword(name, userName)
  if (answer.status !== RakpStatus.Ok) throw refused(name, 'RAKP 4', answer.status)
  const hints = mergeQuirks(options.quirks ?? [])
  // The hash is the same by either algorithm; where nothing is signed, there is none by that of integrity.
  const hasNone = hints.intel === true && state.suite.integrity === IntegrityAlgorithm.None
  const expected = hasNone ? new Uint8Array(0) : rakp4IntegrityCheck(state, sik)
  if (!hints.skipsIntegrityCheck && !isEqual(answer.integrityCheck, expected)) {
    // Where only the check value is wrong, the BMC takes it.
    yield closing(link)
    throw badKg(name)
  }
  return link
}

/** A session that was opened without our being told would take the place of another. */
function* orClose<T>(link: PlusLink, steps: Steps<T>): Steps<T> {
  try {
    return yield* steps
  } catch (error) {
    yield closing(link)
    throw error
  }
}

function closing(link: PlusLink): Ask<never> {
  const { netFn, cmd, name } = CloseSession
  const message = lanRequest(0, netFn, cmd, encodeRequest(CloseSession, { sessionId: link.remoteId }))
  const datagrams = [link.seal(PayloadType.Ipmi, message)]
  return { what: name, datagrams, take: () => undefined, isOneWay: true }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
