/** A `Bmc` over LAN. */
import { Bmc } from './bmc.ts'
import { LanTransport } from './lan-transport.ts'
import { type ConnectOptions, lanOptions } from './lan-url.ts'

/** Logs in. Rejects with LastwordError BAD_URL, or as `LanTransport.open` does. */
export async function connectLan(url: URL, options: ConnectOptions = {}): Promise<Bmc> {
  const transport = await LanTransport.open(lanOptions(url, options))
  return new Bmc(transport, `${url.protocol}//${transport.machine.name}`, options)
}
