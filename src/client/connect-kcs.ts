/** A `Bmc` over this machine's KCS registers. */
import { MsgHandler } from '../handler/handler.ts'
import { Trace } from '../machine/trace.ts'
import { DevPort } from '../ports/dev-port.ts'
import type { RegisterPort } from '../ports/register-port.ts'
import { LastwordError } from '../protocol/error.ts'
import { SiDriver } from '../si/driver.ts'
import { KcsMachine } from '../si/kcs.ts'
import { Bmc, type BmcOptions } from './bmc.ts'
import { InbandTransport } from './inband-transport.ts'

const KCS_DEFAULT_BASE = 0xca2

interface KcsOptions extends BmcOptions {
  /** Releases what the port stands on. */
  onClose?: () => void
}

/** A `Bmc` over a KCS interface whose registers `port` reaches. */
export function connectKcs(port: RegisterPort, url = 'kcs:', options: KcsOptions = {}): Bmc {
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
  return new Bmc(new InbandTransport(new MsgHandler(driver, trace), options.onClose), url, options)
}

/** `kcs:///dev/port?base=0xca2&spacing=1`. Throws LastwordError BAD_URL, PORT_OPEN or NO_INTERFACE. */
export function connectDevPort(url: URL, options: BmcOptions = {}): Bmc {
  const base = Number(url.searchParams.get('base') ?? KCS_DEFAULT_BASE)
  const spacing = Number(url.searchParams.get('spacing') ?? 1)
  if (!Number.isInteger(base) || base < 0 || !Number.isInteger(spacing) || spacing < 1) {
    throw new LastwordError(
      'BAD_URL',
      `${url.href}: base and spacing are numbers, as in base=0xca2&spacing=1`,
    )
  }
  const port = new DevPort({ path: url.pathname, base, spacing })
  try {
    return connectKcs(port, url.href, { ...options, onClose: () => port.close() })
  } catch (error) {
    port.close()
    throw error
  }
}
