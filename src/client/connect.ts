/** `connect`: from a URL to a `Bmc`; what a kind of URL needs is loaded when it is used. */
import { LastwordError } from '../protocol/error.ts'
import type { Bmc } from './bmc.ts'
import type { ConnectOptions } from './lan-url.ts'
import { shownUrl } from './shown-url.ts'

const examples = 'open://0, kcs:///dev/port?base=0xca2, lanplus://user@host, lan://user@host'

/**
 * `open://0`: `/dev/ipmi0` of this machine. `kcs:///dev/port?base=0xca2&spacing=1`: its registers. `lanplus://user:password@host:port` and `lan://…`:
 * a BMC on the network, by IPMI 2.0 or 1.5 (docs/lan.md has the parameters); options go before what the URL says.
 * Rejects with LastwordError BAD_URL, and with what the way to the BMC fails with.
 */
export async function connect(url: string, options: ConnectOptions = {}): Promise<Bmc> {
  const parsed = parse(url)
  if (parsed.protocol === 'open:') return (await import('./open-transport.ts')).connectOpen(parsed, options)
  if (parsed.protocol === 'kcs:') return (await import('./connect-kcs.ts')).connectDevPort(parsed, options)
  if (parsed.protocol === 'lan:' || parsed.protocol === 'lanplus:')
    return (await import('./connect-lan.ts')).connectLan(parsed, options)
  throw new LastwordError('BAD_URL', `${shownUrl(url)}: nothing is known of "${parsed.protocol}//"`, {
    hint: `Known are: ${examples}`,
  })
}

/** Without the cause: it repeats the text. */
function parse(url: string): URL {
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(url) && URL.canParse(url)) return new URL(url)
  throw new LastwordError('BAD_URL', `"${shownUrl(url)}" is no URL`, { hint: `For example: ${examples}` })
}
