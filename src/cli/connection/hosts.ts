/** Named hosts: `~/.config/lastword/hosts.yaml`, or where LASTWORD_HOSTS or XDG_CONFIG_HOME says. */
import { existsSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { shownUrl } from '../../client/shown-url.ts'
import { LastwordError } from '../../protocol/error.ts'
import type { HostEntry } from './hosts-schema.ts'

export function hostsFile(env: NodeJS.ProcessEnv): string {
  if (env.LASTWORD_HOSTS) return env.LASTWORD_HOSTS
  return join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'lastword', 'hosts.yaml')
}

/** Undefined when no host has this name, and when there is no file. */
export async function namedHost(name: string, env: NodeJS.ProcessEnv): Promise<HostEntry | undefined> {
  return (await readHosts(env)).find(host => host.name === name)
}

/** All named hosts. Throws LastwordError CONFIG when the file is wrong. */
export async function readHosts(env: NodeJS.ProcessEnv): Promise<HostEntry[]> {
  const path = hostsFile(env)
  if (!existsSync(path)) return []
  const { readHostsFile } = await import('./hosts-schema.ts')
  const hosts = readHostsFile(path)
  const secret = hosts.find(holdsSecret)
  // A secret that others can read is none.
  if (secret !== undefined && (statSync(path).mode & 0o077) !== 0) {
    throw new LastwordError('CONFIG', `${path}: others can read the secrets of "${secret.name}"`, {
      hint: `chmod 600 ${path}, or use passwordFile, passwordEnv or keyring.`,
    })
  }
  return hosts
}

function holdsSecret({ url, password, kg }: HostEntry): boolean {
  return (password !== undefined && 'password' in password) || kg !== undefined || shownUrl(url) !== url
}
