/** How the password is come by: environment, file, keyring, prompt; from the command line only with a warning. */
import { spawnSync } from 'node:child_process'
import { openSync, readFileSync, statSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import { LastwordError } from '../../protocol/error.ts'
import { secretFlags, seen } from '../secret-words.ts'

export type PasswordSource =
  /** Of a named host: its password, or the one in its URL. */
  | { from: 'commandLine' | 'hostsFile' | 'url'; password: string }
  | { from: 'file'; path: string }
  | { from: 'environment'; names: readonly string[] }
  | { from: 'keyring' }
  | { from: 'prompt' }
  /** Environment, then keyring, then prompt. */
  | { from: 'anywhere' }

export interface PasswordContext {
  env: NodeJS.ProcessEnv
  /** For keyring and prompt. */
  host: string
  username: string
  warn(text: string): void
  /** On the terminal; `hint` says how else to give it. */
  ask(question: string, hint: string): Promise<string>
}

const keepHint =
  'or keep it in the keyring: secret-tool store --label BMC service lastword host HOST user USER'
const waysHint = `Set IPMITOOL_PASSWORD, give -f FILE or -a, ${keepHint}`

/** Throws LastwordError NO_PASSWORD or FILE_UNREADABLE; no error holds a password. */
export async function findPassword(source: PasswordSource, context: PasswordContext): Promise<string> {
  switch (source.from) {
    case 'commandLine':
      context.warn(seen(secretFlags.password))
      return source.password
    case 'hostsFile':
    case 'url':
      return source.password
    case 'file':
      return fromFile(source.path, context)
    case 'environment':
      return (
        fromEnvironment(source.names, context) ??
        missing(`${source.names.join(' and ')}: not set`, `Set ${source.names[0]}, or give -f FILE or -a.`)
      )
    case 'keyring':
      return fromKeyring(context) ?? missing(noneInKeyring(context), `Give -E, -f FILE or -a, ${keepHint}`)
    case 'prompt':
      return fromPrompt(context)
    case 'anywhere':
      return (
        fromEnvironment(['IPMITOOL_PASSWORD', 'IPMI_PASSWORD'], context) ??
        fromKeyring(context) ??
        (await fromPrompt(context))
      )
  }
}

function noneInKeyring({ username, host, env }: PasswordContext): string {
  const { error } = spawnSync('secret-tool', ['--version'], { env, stdio: 'ignore' })
  return error === undefined
    ? `the keyring has none for ${username} on ${host}`
    : 'secret-tool, which reads the keyring, cannot be started; libsecret-tools has it'
}

function missing(why: string, hint: string): never {
  throw new LastwordError('NO_PASSWORD', `no password: ${why}`, { hint })
}

function fromFile(path: string, { warn }: PasswordContext): string {
  try {
    const text = readFileSync(path, 'utf8')
    if ((statSync(path).mode & 0o044) !== 0) warn(`others can read ${path}: chmod 600 ${path}`)
    return text.split(/\r?\n/, 1)[0]!
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new LastwordError('FILE_UNREADABLE', `the password file ${path} cannot be read: ${code}`, { cause })
  }
}

function fromEnvironment(names: readonly string[], { env }: PasswordContext): string | undefined {
  return names.map(name => env[name]).find(value => value !== undefined)
}

/** libsecret's own program speaks to whichever keyring there is. */
function fromKeyring({ host, username, env }: PasswordContext): string | undefined {
  const attributes = ['service', 'lastword', 'host', host, 'user', username]
  const found = spawnSync('secret-tool', ['lookup', ...attributes], {
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 60_000,
  })
  return found.status === 0 && found.stdout !== '' ? found.stdout.replace(/\n$/, '') : undefined
}

function fromPrompt({ host, username, ask }: PasswordContext): Promise<string> {
  return ask(`Password for ${username === '' ? host : `${username} on ${host}`}: `, waysHint)
}

/** Asks on the terminal, whatever standard input is, and shows nothing of what is typed; `hint` says how else to give it. */
export async function askPassword(question: string, hint: string, signal: AbortSignal): Promise<string> {
  let terminal: ReadStream
  try {
    terminal = new ReadStream(openSync('/dev/tty', 'r+'))
  } catch {
    return missing('there is no terminal to ask on', hint)
  }
  // First, so that nothing that is typed at the question is shown.
  terminal.setRawMode(true)
  process.stderr.write(question)
  try {
    return await readUnseen(terminal, hint, signal)
  } finally {
    terminal.setRawMode(false)
    terminal.destroy()
    process.stderr.write('\n')
  }
}

function readUnseen(terminal: ReadStream, hint: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const interrupted = () => reject(new LastwordError('ABORTED', 'interrupted at the password'))
    signal.addEventListener('abort', interrupted, { once: true })
    let typed = ''
    terminal.setEncoding('utf8')
    terminal.on('data', (chunk: string) => {
      for (const letter of chunk) {
        if (letter === '\r' || letter === '\n') return resolve(typed)
        if (letter === '\x03') return interrupted()
        if (letter === '\x04')
          return reject(new LastwordError('NO_PASSWORD', 'no password was given', { hint }))
        if (letter === '\x7f' || letter === '\b') typed = typed.slice(0, -1)
        else if (letter === '\x15') typed = ''
        else typed += letter
      }
    })
    terminal.on('error', reject)
    terminal.on('end', () =>
      reject(new LastwordError('NO_PASSWORD', 'no password: the terminal has gone', { hint })),
    )
  })
}
