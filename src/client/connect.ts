/** `connect`: from a URL to a `Bmc`. */
import { MsgHandler } from '../handler/handler.ts'
import { Trace } from '../machine/trace.ts'
import { DevPort } from '../ports/dev-port.ts'
import type { RegisterPort } from '../ports/register-port.ts'
import { LastwordError } from '../protocol/error.ts'
import { SiDriver } from '../si/driver.ts'
import { KcsMachine } from '../si/kcs.ts'
import { Bmc } from './bmc.ts'
import { InbandTransport } from './inband-transport.ts'

const KCS_DEFAULT_BASE = 0xca2

/** A `Bmc` over a KCS interface whose registers `port` reaches. */
export function connectKcs(port: RegisterPort, url = 'kcs:', onClose?: () => void): Bmc {
  const trace = new Trace()
  const machine = new KcsMachine(port, trace)
  if (!machine.detect()) {
    throw new LastwordError(
      'NO_INTERFACE',
      `${url}: the status register reads FFh, no KCS interface is there`,
      {
        hint: 'Give the base address that the SMBIOS table names (dmidecode -t 38).',
      },
    )
  }
  const driver = new SiDriver(machine, trace)
  return new Bmc(new InbandTransport(new MsgHandler(driver, trace), onClose), url)
}

/**
 * `kcs:///dev/port?base=0xca2&spacing=1`: this machine's registers.
 * Throws LastwordError BAD_URL, PORT_OPEN or NO_INTERFACE.
 */
export async function connect(url: string): Promise<Bmc> {
  const parsed = parse(url)
  if (parsed.protocol !== 'kcs:') {
    throw new LastwordError('BAD_URL', `${url}: nothing is known of "${parsed.protocol}//"`, {
      hint: 'Known are: kcs:///dev/port?base=0xca2',
    })
  }
  const base = Number(parsed.searchParams.get('base') ?? KCS_DEFAULT_BASE)
  const spacing = Number(parsed.searchParams.get('spacing') ?? 1)
  if (!Number.isInteger(base) || base < 0 || !Number.isInteger(spacing) || spacing < 1) {
    throw new LastwordError('BAD_URL', `${url}: base and spacing are numbers, as in base=0xca2&spacing=1`)
  }
  const port = new DevPort({ path: parsed.pathname, base, spacing })
  try {
    return connectKcs(port, url, () => port.close())
  } catch (error) {
    port.close()
    throw error
  }
}

function parse(url: string): URL {
  try {
    return new URL(url)
  } catch (cause) {
    throw new LastwordError('BAD_URL', `"${url}" is no URL`, {
      cause,
      hint: 'For example: kcs:///dev/port?base=0xca2',
    })
  }
}
