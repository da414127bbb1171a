/** The LAN channels of many BMCs: addresses that follow one another, and one port for all of them. */
import { lookup } from 'node:dns/promises'
import { isIPv4 } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { SolFarEnd } from '../lan/sol-server.ts'
import { LastwordError } from '../protocol/error.ts'
import { BmcAccounts } from './accounts.ts'
import type { Bmc } from './bmc.ts'
import { LanServer, type LanServerOptions } from './lan-server.ts'

export interface HostPort {
  host: string
  port: number
}

type Reports = Pick<LanServerOptions, 'onError' | 'onLockOut'>

export interface LanRangeOptions extends Reports {
  /** Where serial over LAN of the first one leads to. */
  sol?: SolFarEnd | null
  /** A port was picked for the first one; the others follow when this has ended. */
  onFirst?: (port: number) => Promise<void>
}

const LISTEN_AT_ONCE = 128
/** Of the process itself, and room for connections. */
const OTHER_FILES = 100
/** Ports that are tried where one is to be picked that is free on every address. */
const MAX_TRIES = 32

/** Throws LastwordError LISTEN or USAGE; nothing listens then. */
export async function listenOnLan(
  bmcs: readonly Bmc[],
  lan: HostPort,
  options: LanRangeOptions = {},
): Promise<LanServer[]> {
  const host = bmcs.length === 1 ? lan.host : await firstAddress(lan.host, bmcs.length)
  for (let tries = 1; ; tries++) {
    try {
      return await listenOnce(bmcs, { ...lan, host }, options)
    } catch (error) {
      const isPicked = lan.port === 0 && bmcs.length > 1
      if (!isPicked || !isTaken(error) || tries === MAX_TRIES) throw error
    }
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof LastwordError && (error.cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
}

async function firstAddress(host: string, count: number): Promise<string> {
  const address = await lookup(host, 4).then(
    ({ address }) => address,
    () => undefined,
  )
  // An IPv6 address comes back as it is.
  if (address !== undefined && isIPv4(address)) return address
  throw new LastwordError('USAGE', `${count} BMCs cannot be counted from ${host}, which is no IPv4 address`, {
    hint: 'Give --lan an IPv4 address, such as 127.0.0.1:623.',
  })
}

async function listenOnce(
  bmcs: readonly Bmc[],
  lan: HostPort,
  { sol, onFirst, ...report }: LanRangeOptions,
): Promise<LanServer[]> {
  const servers: LanServer[] = []
  try {
    const first = await listen(bmcs[0]!, lan, { ...report, ...(sol && { sol }) })
    servers.push(first)
    await onFirst?.(first.port)
    for (let from = 1; from < bmcs.length; from += LISTEN_AT_ONCE) {
      const some = bmcs.slice(from, from + LISTEN_AT_ONCE)
      const ended = await Promise.allSettled(
        some.map((bmc, i) =>
          listen(bmc, { host: nextAddress(lan.host, from + i), port: first.port }, report),
        ),
      )
      for (const end of ended) if (end.status === 'fulfilled') servers.push(end.value)
      for (const end of ended) if (end.status === 'rejected') throw end.reason
      // Those that are up answer while the others come up.
      await setImmediate()
    }
    return servers
  } catch (error) {
    await Promise.all(servers.map(server => server.close()))
    throw isOutOfFiles(error) ? tooManyFiles(error, bmcs.length) : error
  }
}

function isOutOfFiles(error: unknown): error is LastwordError {
  return error instanceof LastwordError && (error.cause as NodeJS.ErrnoException).code === 'EMFILE'
}

/** Not the address is at fault, but what the process may open. */
function tooManyFiles({ message, cause }: LastwordError, count: number): LastwordError {
  const files = 2 * count + OTHER_FILES
  return new LastwordError('LISTEN', message, {
    cause,
    hint: `Each of ${count} BMCs takes a socket, and with --state a file: allow ${files} with ulimit -n ${files}.`,
  })
}

async function listen(
  bmc: Bmc,
  { host, port }: HostPort,
  report: Reports & { sol?: SolFarEnd },
): Promise<LanServer> {
  const { channel, maxSessions } = bmc.world.config.lan
  const accounts = new BmcAccounts(bmc)
  const server = await LanServer.listen(bmc, { host, port, channel, maxSessions, accounts, ...report })
  bmc.lanAddress = { host: server.host, port: server.port }
  return server
}

/** IPv4 addresses that follow one another: of 127.0.0.1 and 256, 127.0.1.1. */
export function nextAddress(host: string, by: number): string {
  if (by === 0 || !isIPv4(host)) return host
  const first = host.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const next = first + by
  return [24, 16, 8, 0].map(shift => Math.floor(next / 2 ** shift) % 256).join('.')
}
