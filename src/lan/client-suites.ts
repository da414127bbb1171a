/** Which cipher suites a BMC offers, as the console asks before it logs in. IPMI 2.0 rev 1.1, sections 22.13 and 22.15. */
import { Privilege } from '../protocol/command.ts'
import { PayloadType } from '../protocol/commands/payload.ts'
import { GetChannelAuthenticationCapabilities, GetChannelCipherSuites } from '../protocol/commands/session.ts'
import { CompletionCode } from '../protocol/completion-code.ts'
import { LastwordError } from '../protocol/error.ts'
import { decodeSuiteRecords } from './cipher-suites.ts'
import { ask, askOutside, type LoginContext, type Steps, together } from './client-ask.ts'
import { mergeQuirks } from './quirks.ts'

const PRESENT_CHANNEL = 0x0e
const MAX_LIST_PARTS = 64
/** Parts of the list that are asked for at once; they hold all suites of the specification that are in use. */
const FIRST_PARTS = 4
const PART_BYTES = 16

/** The suites that the BMC says it has; none when it cannot say, or when it need not be asked. */
export function* explore(context: LoginContext): Steps<readonly number[]> {
  const { options, random } = context
  const hints = mergeQuirks(options.quirks ?? [])
  const rqSeq = numbersFrom(random)
  const parts = options.suite === undefined ? firstParts(rqSeq) : []
  if (hints.skipsCapabilities) return parts.length === 0 ? [] : yield* readList(parts, rqSeq, null)
  const request = {
    of: { channel: PRESENT_CHANNEL, extended: true },
    privilege: options.privilege ?? Privilege.Admin,
  }
  const capabilities = askOutside(GetChannelAuthenticationCapabilities, request, rqSeq(0))
  const [told, ...lists] = yield* ask(together(capabilities, parts))
  const { authTypes, connections } = capabilities.read(told!)
  if (!authTypes.extended || !connections.ipmi20) {
    throw new LastwordError('NO_IPMI20', `${options.name}: the BMC does not speak IPMI 2.0`, {
      hint: 'Use lan:// (-I lan) for IPMI 1.5, or the quirk authcap if it is wrong about itself.',
    })
  }
  return yield* readList(parts, rqSeq, lists)
}

type PartQuestion = ReturnType<typeof askPart>
/** The rqSeq of the n-th question. */
type RqSeqs = (index: number) => number

function askPart(index: number, rqSeq: number) {
  const request = { channel: PRESENT_CHANNEL, payloadType: PayloadType.Ipmi, list: { index, bySuite: true } }
  return askOutside(GetChannelCipherSuites, request, rqSeq)
}

function* readList(
  questions: readonly PartQuestion[],
  rqSeq: RqSeqs,
  given: readonly (Uint8Array | null)[] | null,
): Steps<readonly number[]> {
  const [first, ...others] = questions
  if (first === undefined) return []
  const bodies = given ?? (yield* ask(together(first, others)))
  const records: number[] = []
  for (let index = 0; index < MAX_LIST_PARTS; index++) {
    const question = questions[index] ?? askPart(index, rqSeq(1 + index))
    const given = bodies[index]
    // A part that was lost among several is asked for by itself; a BMC that gave none has no list.
    const isToBeAsked = given === undefined || (given === null && bodies.some(body => body !== null))
    const body = isToBeAsked ? yield* ask(question) : given
    const part = recordsOf(question, body)
    records.push(...part)
    if (part.length < PART_BYTES) break
  }
  return decodeSuiteRecords(Uint8Array.from(records))
}

/** Empty at the end of the list, which some BMCs answer with a completion code. */
function recordsOf(question: PartQuestion, body: Uint8Array | null): Uint8Array {
  if (body === null || body[0] !== CompletionCode.Ok) return new Uint8Array(0)
  return question.read(body).records
}

/** The suites that the BMC lists; none when it has no list. */
export function* listSuites({ random }: LoginContext): Steps<readonly number[]> {
  const numbers = numbersFrom(random)
  return yield* readList(firstParts(numbers), numbers, null)
}

function numbersFrom(random: LoginContext['random']): RqSeqs {
  const first = random(1)[0]!
  return index => (first + index) & 0x3f
}

function firstParts(rqSeq: RqSeqs): PartQuestion[] {
  return Array.from({ length: FIRST_PARTS }, (_, index) => askPart(index, rqSeq(1 + index)))
}
