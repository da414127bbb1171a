/** The URL of a BMC on the network, from a host as people write it. */

/** A name, or an address; one of IPv6 with or without brackets, and with the zone of a link-local one. Undefined: it is neither. */
export function lanUrl(way: 'lanplus' | 'lan', text: string, port?: number): string | undefined {
  const isName = /^[^\s/@:?#[\]%]+$/.test(text)
  const [, address, zone] = /^([0-9a-f:.]+)(?:%([-.\w]+))?$/i.exec(text.replace(/^\[(.*)\]$/, '$1')) ?? []
  const host = isName ? text : `[${address}]`
  const query = isName || zone === undefined ? '' : `?zone=${zone}`
  const url = `${way}://${host}${port === undefined ? '' : `:${port}`}${query}`
  return URL.canParse(url) ? url : undefined
}
