/** From a target to a `Bmc`: the password is looked for only where one is needed. */
import { isIP } from 'node:net'
import { Bmc } from '../../client/bmc.ts'
import { connect } from '../../client/connect.ts'
import { connectLan } from '../../client/connect-lan.ts'
import type { ConnectOptions } from '../../client/lan-url.ts'
import { lookUp } from '../../client/look-up.ts'
import { defaultSdrCacheDir, FileSdrCache } from '../../client/sdr-cache.ts'
import { LastwordError } from '../../protocol/error.ts'
import { findPassword, type PasswordContext } from './password.ts'
import { SdrFile } from './sdr-file.ts'
import type { Bridge, Target } from './target.ts'

export type OpenContext = Pick<PasswordContext, 'env' | 'warn' | 'ask'> & {
  signal: AbortSignal
}

export async function openBmc(target: Target, context: OpenContext): Promise<Bmc> {
  const bmc = await connected(target, context)
  return target.bridge === undefined ? bmc : bridged(bmc, target.bridge)
}

async function connected(target: Target, context: OpenContext): Promise<Bmc> {
  const url = new URL(target.url)
  const sdrCache =
    target.sdrFile === undefined
      ? new FileSdrCache(defaultSdrCacheDir(context.env))
      : new SdrFile(target.sdrFile)
  if (url.protocol === 'sim:') {
    const { openSimulated } = await import('./sim.ts')
    return openSimulated(target.url, target.sdrFile === undefined ? {} : { sdrCache })
  }
  if (url.protocol !== 'lan:' && url.protocol !== 'lanplus:') return connect(target.url, { sdrCache })
  const password = await findPassword(target.password, {
    env: context.env,
    warn: context.warn,
    ask: context.ask,
    host: url.hostname,
    username: target.username,
  })
  const address =
    target.family === undefined ? target.url : await withAddress(url, target.family, context.signal)
  return connectLan(new URL(address), { ...lanOptions(target, password, context), sdrCache })
}

/** The name's address of one family. */
async function withAddress(url: URL, family: 4 | 6, signal: AbortSignal): Promise<string> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const known = isIP(host)
  if (known !== 0 && known !== family)
    throw new LastwordError('HOST_UNKNOWN', `${host} is no IPv${family} address`, {
      hint: `Leave out -${family}.`,
    })
  try {
    const address = await lookUp(host, { family, signal })
    const port = url.port === '' ? '' : `:${url.port}`
    return `${url.protocol}//${family === 6 ? `[${address}]` : address}${port}${url.search}`
  } catch (cause) {
    if (cause instanceof LastwordError) throw cause
    throw new LastwordError('HOST_UNKNOWN', `"${host}" has no IPv${family} address`, {
      cause,
      hint: `Leave out -${family}, or give the address.`,
    })
  }
}

const DEFAULT_WAIT_MS = 1000
const DEFAULT_RETRIES = 9

function lanOptions(target: Target, password: string, { warn, signal }: OpenContext): ConnectOptions {
  const { username, kg, privilege, cipherSuite, authType, nameLookup, timeoutMs, retries } = target
  const firstWaitMs = timeoutMs ?? DEFAULT_WAIT_MS
  return {
    password,
    userName: username,
    signal,
    onWarning: warning => warn(warning.message),
    ...(kg === undefined ? {} : { kg }),
    ...(privilege === undefined ? {} : { privilege }),
    ...(cipherSuite === undefined ? {} : { cipher: cipherSuite }),
    ...(authType === undefined ? {} : { authType }),
    ...(nameLookup === undefined ? {} : { lookUp: nameLookup }),
    ...(timeoutMs === undefined ? {} : { firstWaitMs }),
    ...(timeoutMs === undefined && retries === undefined
      ? {}
      : { timeoutMs: firstWaitMs * ((retries ?? DEFAULT_RETRIES) + 1) }),
  }
}

/** The same connection, whose requests go to another controller. */
export function bridged(bmc: Bmc, { target, channel, transit }: Bridge): Bmc {
  const way =
    transit === undefined ? {} : { transit: { channel: transit.channel, slaveAddr: transit.address } }
  return new Bmc(
    {
      request(netFn, cmd, data, options = {}) {
        const lun = options.addr?.lun ?? 0
        const addr = { kind: 'ipmb' as const, channel, slaveAddr: target, lun, ...way }
        return bmc.raw(netFn, cmd, data, { ...options, addr })
      },
      close: () => bmc.close(),
    },
    bmc.url,
  )
}
