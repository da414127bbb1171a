/** What a console shows, waited for, and a program in a terminal of its own that is typed to; for tests. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { requireProgram } from '../kernel/run-program.ts'

/** Reads until the text is there. */
export async function expectText(stream: NodeJS.ReadableStream, wanted: string | RegExp): Promise<string> {
  let text = ''
  for (;;) {
    const chunk = (stream.read() as Buffer | null) ?? null
    if (chunk !== null) text += chunk.toString('latin1')
    if (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)) return text
    if (chunk === null) await once(stream, 'readable')
  }
}

const STUCK_MS = 60_000

/** Once the terminal shows `shows`, since the step before, the text is typed, or something else is done about all that it showed. */
export type Step = readonly [shows: string, then: string | ((shown: string) => void)]

/** Runs a command line in a terminal of its own; the answer is all that it showed until it ended. */
export async function transcript(
  command: string,
  steps: readonly Step[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const child = spawn(requireProgram('script'), ['-qefc', command, '/dev/null'], { env, timeout: STUCK_MS })
  let shown = ''
  let next = 0
  let since = 0
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    shown += text
    for (; next < steps.length; next++) {
      const [shows, then] = steps[next]!
      const at = shown.indexOf(shows, since)
      if (at < 0) return
      since = at + shows.length
      if (typeof then === 'string') child.stdin.write(then)
      else then(shown)
    }
  })
  await once(child, 'close')
  return shown
}

/** Runs a program in a terminal of its own and types into it what follows each text that it shows. */
export async function inTerminal(
  command: string,
  dialogue: readonly [shown: RegExp, typed: string][],
  last: RegExp | 'itEnds',
) {
  const child = spawn(requireProgram('script'), ['-qefc', command, '/dev/null'], { stdio: 'pipe' })
  let typing: NodeJS.Timeout | undefined
  try {
    for (const [shown, typed] of dialogue) {
      await expectText(child.stdout, shown)
      clearInterval(typing)
      // A program that sets its terminal up throws away what was typed just before.
      child.stdin.write(typed)
      typing = setInterval(() => child.stdin.write(typed), 500)
    }
    if (last === 'itEnds') await once(child, 'exit')
    else await expectText(child.stdout, last)
  } finally {
    clearInterval(typing)
    child.stdin.on('error', () => {})
    child.kill()
  }
}
