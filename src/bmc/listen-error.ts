/** Why a server cannot listen, and what to do about it. */
import { isIPv6 } from 'node:net'
import { LastwordError } from '../protocol/error.ts'

/** An address as it is written: IPv6 in brackets. */
export function hostPortText(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}

const hints: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Choose another port (0 picks a free one) or stop what uses it.',
  EADDRNOTAVAIL: 'Name an address of this machine, such as 127.0.0.1.',
  ENOTFOUND: 'Name an address of this machine, such as 127.0.0.1.',
  EAI_AGAIN: 'Name an address of this machine, such as 127.0.0.1.',
  EACCES: 'Ports below 1024 need root or CAP_NET_BIND_SERVICE; choose a higher one (0 picks a free one).',
}

/** `where`: an address and what is before it, such as `UDP 127.0.0.1:623`. */
export function listenError(where: string, cause: Error): LastwordError {
  const code = (cause as NodeJS.ErrnoException).code ?? ''
  return new LastwordError('LISTEN', `cannot listen on ${where}: ${cause.message}`, {
    cause,
    hint: hints[code] ?? 'Choose another address or port (0 picks a free one).',
  })
}
