/** What the file of named hosts may hold. */
import { z } from 'zod'
import { readYaml } from '../../bmc/world/read-config.ts'
import { UsageError } from '../params.ts'
import { lanUrl, type UrlParts, withoutLogin } from './lan-url.ts'
import type { PasswordSource } from './password.ts'

export interface HostEntry {
  name: string
  /** Without a login. */
  url: string
  user?: string
  password?: PasswordSource
  privilege?: string
  cipherSuite?: number
  kg?: string
}

/** What is wrong with it, as of a URL on the command line. */
function checkUrl(text: string, context: z.RefinementCtx): void {
  try {
    withoutLogin(text)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    context.addIssue({ code: 'custom', message: `${error.message}. ${error.hint}` })
  }
}

const host = z
  .strictObject({
    url: z.string().superRefine(checkUrl).optional(),
    /** A name or address; `interface` and `port` make a URL of it. */
    host: z
      .string()
      .refine(text => lanUrl('lan', text) !== undefined, {
        error: 'it takes a name or an address; user and port have fields of their own',
      })
      .optional(),
    interface: z.enum(['lanplus', 'lan']).default('lanplus'),
    port: z.int().min(1).max(65535).optional(),
    user: z.string().max(16).optional(),
    password: z.string().optional(),
    passwordFile: z.string().optional(),
    passwordEnv: z.string().optional(),
    keyring: z.literal(true).optional(),
    privilege: z.enum(['callback', 'user', 'operator', 'administrator']).optional(),
    cipherSuite: z.int().min(0).max(255).optional(),
    kg: z.string().optional(),
  })
  .refine(entry => (entry.url === undefined) !== (entry.host === undefined), {
    error: 'a host has either url or host',
  })

const file = z.strictObject({ hosts: z.record(z.string(), host) })

export function readHostsFile(path: string): HostEntry[] {
  return Object.entries(readYaml(path, { schema: file, guide: 'docs/cli.md' }).hosts).map(([name, entry]) => {
    const { privilege, cipherSuite, kg } = entry
    const parts = withoutLogin(urlOf(entry))
    const user = parts.username === '' ? entry.user : parts.username
    const password = passwordOf(entry, parts)
    return {
      name,
      url: parts.url.href,
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { password }),
      ...(privilege === undefined ? {} : { privilege }),
      ...(cipherSuite === undefined ? {} : { cipherSuite }),
      ...(kg === undefined ? {} : { kg }),
    }
  })
}

type Entry = z.infer<typeof host>

function urlOf({ url, host: address, interface: way, port }: Entry): string {
  return url ?? lanUrl(way, address!, port)!
}

function passwordOf(entry: Entry, { password }: UrlParts): PasswordSource | undefined {
  if (password !== undefined) return { from: 'url', password }
  if (entry.password !== undefined) return { from: 'hostsFile', password: entry.password }
  if (entry.passwordFile !== undefined) return { from: 'file', path: entry.passwordFile }
  if (entry.passwordEnv !== undefined) return { from: 'environment', names: [entry.passwordEnv] }
  return entry.keyring === true ? { from: 'keyring' } : undefined
}
