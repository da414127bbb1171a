/** `lastword user`: who may log in. IPMI 2.0 rev 1.1, sections 22.26 to 22.30. */

import { PRESENT_CHANNEL } from '../../client/users.ts'
import { GetUserAccess } from '../../protocol/commands/user.ts'
import { LastwordError } from '../../protocol/error.ts'
import { USER_NAME_BYTES, userNameBytes } from '../../protocol/user-name.ts'
import { type Context, group, subcommand } from '../declare.ts'
import { userList } from '../ipmitool/user-list.ts'
import { choice, integer, optional, text, UsageError } from '../params.ts'
import { phrase } from '../phrase.ts'
import { tellSeen } from '../secret-words.ts'

const MAX_USER_ID = 63

const userId = integer('ID', 'user ID', { min: 1, max: MAX_USER_ID })
const channelArg = optional(integer('CHANNEL', 'channel (the one that is used)', { max: 15 }))

const list = subcommand({
  name: 'list',
  summary: 'the users and what each may do on a channel',
  args: { channel: channelArg },
  async run({ bmc, signal }, { channel = PRESENT_CHANNEL }) {
    return (await bmc()).users.list(channel, { signal })
  },
  view: as =>
    as.table(
      'There is no user.',
      ['ID', user => user.id, 'right'],
      ['name', user => user.name],
      ['enabled', user => user.isEnabled],
      ['privilege', user => phrase(user.access.privilegeLimit)],
      ['IPMI', user => user.access.ipmiMessaging],
      ['link', user => user.access.linkAuthentication],
      ['callback only', user => user.access.callbackOnly],
    ),
  ipmitool: userList,
})

const summary = subcommand({
  name: 'summary',
  summary: 'how many users there may be and are',
  args: { channel: channelArg },
  async run({ bmc, signal }, { channel = PRESENT_CHANNEL }) {
    const { maxUsers, enabled, fixedNames } = await (await bmc()).run(
      GetUserAccess,
      { channel, userId: 1 },
      { signal },
    )
    return { maxUsers, enabledUsers: enabled.count, fixedNames }
  },
  view: as =>
    as.record(
      ['most users', data => data.maxUsers],
      ['enabled users', data => data.enabledUsers],
      ['users with a fixed name', data => data.fixedNames],
    ),
})

const setName = subcommand({
  name: 'name',
  summary: 'gives a user a name',
  args: { id: userId, name: text('NAME', 'up to 16 bytes') },
  async run({ bmc, signal }, { id, name }) {
    const { length } = userNameBytes(name)
    if (length > USER_NAME_BYTES)
      throw new UsageError(
        `name: it has ${length} bytes, 16 is the most`,
        'Letters beyond ASCII take two bytes or more.',
      )
    await (await bmc()).users.setName(id, name, { signal })
    return { id, name }
  },
  view: as => as.lines(({ id, name }) => `User ${id} is called ${name}.`),
})

const sizeArg = optional(choice(['16', '20'], 'bytes that the password is stored with (20 for RMCP+ only)'))

/** Undefined: 16 bytes, or 20 where it does not fit into them. */
function storedBytes(size: '16' | '20' | undefined) {
  if (size === undefined) return undefined
  return size === '20' ? 20 : 16
}

const passwordArg = optional(
  text('PASSWORD', 'asked for when it is left out, which keeps it out of the process list'),
)

const setPassword = subcommand({
  name: 'password',
  summary: 'gives a user a password',
  args: { id: userId, password: passwordArg, size: sizeArg },
  hides: () => true,
  async run(context, { id, password, size }) {
    const { bmc, signal } = context
    const given = fitting(await known(password, 'New password: ', context), size)
    await (await bmc()).users.setPassword(id, given, { signal, storedBytes: storedBytes(size) })
    return { id }
  },
  view: as => as.lines(({ id }) => `User ${id} has a new password.`),
})

const MAX_PASSWORD_BYTES = 20

/** What cannot be stored is not sent anywhere. */
export function fitting(password: string, size: '16' | '20' | undefined): string {
  const bytes = Buffer.byteLength(password)
  const most = storedBytes(size) ?? MAX_PASSWORD_BYTES
  if (bytes > most) throw new UsageError(`the password has ${bytes} bytes, ${most} are the most`)
  return password
}

function known(
  password: string | undefined,
  question: string,
  context: Pick<Context, 'note' | 'wordsFrom' | 'ask'>,
): Promise<string> | string {
  if (password === undefined)
    return context.ask(question, 'Give it as a word of the command, best in a line of exec.')
  tellSeen(context, 'password')
  return password
}

const test = subcommand({
  name: 'test',
  summary: 'whether a password is the right one, without a login',
  args: { id: userId, size: choice(['16', '20'], 'bytes that it is stored with'), password: passwordArg },
  hides: () => true,
  async run(context, { id, password, size }) {
    const { bmc, signal } = context
    const given = fitting(await known(password, 'Password to test: ', context), size)
    const open = await bmc()
    const isRight = await open.users.testPassword(id, given, { signal, storedBytes: storedBytes(size) })
    if (!isRight)
      throw new LastwordError(
        'PASSWORD_WRONG',
        `${open.url}: user ${id} has another password of ${size} bytes`,
      )
    return { id, isRight }
  },
  view: as => as.lines(() => 'The password is right.'),
})

function switchUser(operation: 'enable' | 'disable') {
  return subcommand({
    name: operation,
    summary: operation === 'enable' ? 'lets a user log in' : 'keeps a user from logging in',
    args: { id: userId },
    async run({ bmc, signal }, { id }) {
      await (await bmc()).users[operation](id, { signal })
      return { id, isEnabled: operation === 'enable' }
    },
    view: as => as.lines(({ id }) => `User ${id} is ${operation}d.`),
  })
}

/** ipmitool takes the number, people the word. */
const levels = { 1: 'callback', 2: 'user', 3: 'operator', 4: 'admin', 5: 'oem', 15: 'none' } as const
type Level = (typeof levels)[keyof typeof levels]

export function privilegeLevel(word: string): Level {
  const byNumber = levels[Number(word) as keyof typeof levels]
  const level =
    byNumber ??
    Object.values(levels).find(name => name === word.toLowerCase().replace(/^administrator$/, 'admin'))
  if (level === undefined) {
    throw new UsageError(
      `privilege: "${word}" is none of callback (1), user (2), operator (3), administrator (4), oem (5), none (15)`,
    )
  }
  return level
}

const priv = subcommand({
  name: 'priv',
  summary: 'the most that a user may log in with on a channel',
  args: {
    id: userId,
    privilege: text('LEVEL', 'callback, user, operator, administrator, oem, none, or its number'),
    channel: channelArg,
  },
  async run({ bmc, signal }, { id, privilege, channel = PRESENT_CHANNEL }) {
    const privilegeLimit = privilegeLevel(privilege)
    await (await bmc()).users.setAccess(id, channel, { privilegeLimit }, { signal })
    return { id, channel, privilegeLimit }
  },
  view: as => as.lines(({ id, privilegeLimit }) => `User ${id} may log in as ${privilegeLimit}.`),
})

export const user = group('user', 'who may log in', [
  list,
  summary,
  group('set', 'name and password of a user', [setName, setPassword]),
  switchUser('enable'),
  switchUser('disable'),
  priv,
  test,
])
