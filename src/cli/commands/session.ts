/** `lastword session`: who is logged in. IPMI 2.0 rev 1.1, section 22.20. */
import type { Bmc } from '../../client/bmc.ts'
import type { ResponseOf } from '../../protocol/command.ts'
import { GetSessionInfo, type SessionChoice } from '../../protocol/commands/session.ts'
import { CompletionCode, CompletionCodeError } from '../../protocol/completion-code.ts'
import { group, subcommand } from '../declare.ts'
import { choice, optional, readInteger, text, UsageError } from '../params.ts'
import { phrase } from '../phrase.ts'

type SessionInfo = ResponseOf<typeof GetSessionInfo>

const privileges = ['none', 'callback', 'user', 'operator', 'admin', 'oem'] as const

const info = subcommand({
  name: 'info',
  summary: 'who is logged in',
  args: {
    which: choice(
      ['active', 'all', 'id', 'handle'],
      'active: this session; all; or the one with this ID or handle',
    ),
    number: optional(text('NUMBER', 'the ID, or the handle from 1 to 255')),
  },
  async run({ bmc, signal }, { which, number }) {
    if (which === 'all') return allSessions(await bmc(), signal)
    const asked = choiceOf(which, number)
    const session = await (await bmc()).run(GetSessionInfo, { session: asked }, { signal })
    return session.handle === 0 ? [] : [session]
  },
  view: as =>
    as.table(
      'There is no such session.',
      ['handle', session => session.handle, 'right'],
      ['user', session => session.userId, 'right'],
      [
        'level',
        ({ operating }) =>
          operating === undefined ? undefined : (privileges[operating] ?? phrase(operating)),
      ],
      ['channel', session => session.on?.channel, 'right'],
      ['protocol', ({ on }) => (on === undefined ? undefined : on.protocol === 1 ? 'IPMI 2.0' : 'IPMI 1.5')],
      ['address', session => session.ipAddress],
      ['port', session => session.port, 'right'],
      ['MAC', session => session.macAddress],
    ),
})

function choiceOf(which: 'active' | 'id' | 'handle', number: string | undefined): SessionChoice {
  if (which === 'active') return { by: 'own' }
  if (number === undefined) throw new UsageError(`session info ${which} wants a number`)
  return which === 'id'
    ? { by: 'id', id: readInteger(number, which, { min: 1 }) }
    : { by: 'handle', handle: readInteger(number, which, { min: 1, max: 0xff }) }
}

async function allSessions(bmc: Bmc, signal: AbortSignal): Promise<SessionInfo[]> {
  const sessions: SessionInfo[] = []
  for (let index = 1; ; index++) {
    const session = await sessionAt(bmc, index, signal)
    if (session === null) return sessions
    if (session.handle !== 0) sessions.push(session)
    if (index >= session.active) return sessions
  }
}

/** Null when there are not so many. */
async function sessionAt(bmc: Bmc, index: number, signal: AbortSignal): Promise<SessionInfo | null> {
  try {
    return await bmc.run(GetSessionInfo, { session: { by: 'index', index } }, { signal })
  } catch (error) {
    const none: readonly number[] = [CompletionCode.NotPresent, CompletionCode.InvalidDataField]
    if (error instanceof CompletionCodeError && none.includes(error.completionCode)) return null
    throw error
  }
}

export const session = group('session', 'who is logged in', [info])
