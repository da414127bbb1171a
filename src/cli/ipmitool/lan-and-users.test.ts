import { after, before, it } from 'node:test'
import fc from 'fast-check'
import { describeNeeds } from '../../lab/kernel/needs-programs.ts'
import { AnsweringRig } from '../../lab/lan/answering-rig.ts'
import { GetLanConfigurationParameters } from '../../protocol/commands/lan.ts'
import { GetUserAccess, GetUserName } from '../../protocol/commands/user.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import { userNameFrom } from '../../protocol/user-name.ts'
import { type LanAnswer, lanPrint, lanPrintSelectors } from './lan-print.ts'
import { assertSameLines, bytes, decoded } from './same-lines.test.fixture.ts'
import { plainStyle } from './style.ts'
import { type ListedUser, userList } from './user-list.ts'

const runs = { numRuns: 40, includeErrorInReport: true }

/** How many bytes a parameter has. */
const sizes: Readonly<Record<number, number>> = {
  2: 5,
  3: 4,
  5: 6,
  6: 4,
  7: 3,
  12: 4,
  13: 6,
  14: 4,
  15: 6,
  16: 18,
  20: 2,
  24: 9,
  26: 6,
}

/** Mostly whole, some too short, some not supported, few refused in a way that ends the output. */
function lanAnswer(selector: number): fc.Arbitrary<LanAnswer> {
  // More than 17 is more than ipmitool takes. Of 17 the pad of an IPMI 1.5 packet would make 18.
  const suites = fc.constantFrom(1, 2, 5, 16, 19).chain(bytes)
  const whole = selector === 23 ? suites : bytes(sizes[selector] ?? 1)
  // What is missing counts as zero, but not in the community string, behind which ipmitool reads on.
  const short = selector === 16 ? whole : whole.map(data => data.subarray(0, -1))
  const unsupported = fc.constantFrom(0x80, 0xc9, 0xcc)
  const refused = fc.constantFrom(0x81, 0xc1, 0xcb, 0xd4, 0xff)
  return fc.oneof(
    { weight: 40, arbitrary: whole },
    { weight: 4, arbitrary: short },
    { weight: 8, arbitrary: unsupported },
    { weight: 1, arbitrary: refused },
  )
}

const lanAnswers = fc
  .tuple(...lanPrintSelectors.map(lanAnswer))
  .map(list => new Map(list.map((answer, i) => [lanPrintSelectors[i]!, answer])))

/** ASCII, UTF-8 and what is neither. */
const userName = fc.oneof(
  fc.string({ maxLength: 16 }),
  fc.string({ unit: fc.constantFrom('ü', 'a'), maxLength: 8 }),
  fc.uint8Array({ min: 0x80, maxLength: 16 }).map(userNameFrom),
)

const user = fc.record({
  name: fc.oneof(userName, fc.constant(CompletionCode.InvalidDataField)),
  access: bytes(1),
})

describeNeeds('ipmitool')('in ipmitool’s words', () => {
  let rig: AnsweringRig
  before(async () => {
    rig = await AnsweringRig.start()
  })
  after(() => rig[Symbol.asyncDispose]())

  it('lan print is what ipmitool prints, whatever parameters the BMC refuses or cuts off', async () => {
    await fc.assert(
      fc.asyncProperty(lanAnswers, async answers => {
        rig.on(GetLanConfigurationParameters, ({ selector }) => {
          const answer = answers.get(selector) ?? 0x80
          return typeof answer === 'number' ? answer : { revision: 0x11, data: answer }
        })
        assertSameLines(lanPrint(answers), await rig.ipmitool(['lan', 'print', '1']))
      }),
      runs,
    )
  })

  it('user list is what ipmitool prints, up to the first user that the BMC does not tell of', async () => {
    const users = fc.array(user, { minLength: 1, maxLength: 63 })
    await fc.assert(
      fc.asyncProperty(
        users,
        fc.integer({ min: 1, max: 80 }),
        fc.boolean(),
        async (list, refusedFrom, isCsv) => {
          const access = (id: number) => Uint8Array.from([0, list.length, 2, 1, ...list[id - 1]!.access])
          rig
            .raw(GetUserAccess.netFn, GetUserAccess.cmd, ([, id = 0]) => access(id & 0x3f))
            .on(GetUserName, ({ userId }) => {
              const { name } = list[userId - 1]!
              if (userId >= refusedFrom) return CompletionCode.InsufficientPrivilege
              return typeof name === 'number' ? name : { name }
            })
          const listed = list.slice(0, refusedFrom - 1).map(
            ({ name }, i): ListedUser => ({
              id: i + 1,
              name: typeof name === 'number' ? '' : name,
              access: decoded(GetUserAccess, access(i + 1))!.access,
            }),
          )
          const flags = isCsv ? ['-c'] : []
          const ours = userList(listed, { ...plainStyle, isCsv })
          assertSameLines(ours, await rig.ipmitool([...flags, 'user', 'list', '1']))
        },
      ),
      runs,
    )
  })
})
