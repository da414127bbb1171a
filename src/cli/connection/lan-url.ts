/** The URL of a BMC, from a host as people write it, and apart from the login in it. */
import { shownUrl } from '../../client/shown-url.ts'
import { UsageError } from '../params.ts'

/** A name, or an address; one of IPv6 with or without brackets, and with the zone of a link-local one. Undefined: it is neither. */
export function lanUrl(way: 'lanplus' | 'lan', text: string, port?: number): string | undefined {
  const isName = /^[^\s/@:?#[\]%]+$/.test(text)
  const [, address, zone] = /^([0-9a-f:.]+)(?:%([-.\w]+))?$/i.exec(text.replace(/^\[(.*)\]$/, '$1')) ?? []
  const host = isName ? text : `[${address}]`
  const query = isName || zone === undefined ? '' : `?zone=${zone}`
  const url = `${way}://${host}${port === undefined ? '' : `:${port}`}${query}`
  return URL.canParse(url) ? url : undefined
}

export function isUrl(text: string): boolean {
  return /^[a-z]+:\/\//i.test(text)
}

/** A URL, and what stood in it of a login. */
export interface UrlParts {
  url: URL
  username: string
  password: string | undefined
}

/** Throws UsageError, which repeats no password. */
export function withoutLogin(text: string): UrlParts {
  if (!isUrl(text) || !URL.canParse(text))
    throw new UsageError(`"${shownUrl(text)}" is no URL`, 'For example: lanplus://USER@HOST')
  const url = new URL(text)
  const username = decoded(url.username)
  const password = url.password === '' ? undefined : decoded(url.password)
  url.username = ''
  url.password = ''
  return { url, username, password }
}

/** Throws UsageError without what could not be read: it may be a secret. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new UsageError(
      'the login in the URL has a % that no two hexadecimal digits follow',
      'Write %25 for %.',
    )
  }
}
