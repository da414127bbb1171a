/** `lastword raw`: bytes in, bytes out. */

import { NetFn } from '../../protocol/net-fn.ts'
import { subcommand } from '../declare.ts'
import { hexBytes } from '../hex.ts'
import { integer, many, namedInteger } from '../params.ts'
import { tellSeen } from '../secret-words.ts'
import { holdsSecret } from '../secrets.ts'

const BYTES_A_LINE = 16

/** ipmitool's names. */
const netFnNames = {
  chassis: NetFn.Chassis,
  bridge: NetFn.Bridge,
  sensorevent: NetFn.SensorEvent,
  application: NetFn.App,
  firmware: NetFn.Firmware,
  storage: NetFn.Storage,
  transport: NetFn.Transport,
}

export const raw = subcommand({
  name: 'raw',
  summary: 'sends a request of bytes and prints the bytes of the answer behind its completion code',
  args: {
    netFn: namedInteger(netFnNames, 'NETFN', 'network function, a number or its name', { max: 0x3e }),
    cmd: integer('CMD', 'command', { max: 0xff }),
    data: many(integer('BYTE', 'data', { max: 0xff })),
  },
  hides: words => {
    const [netFn = 0, cmd = 0, ...data] = words.map(
      word => netFnNames[word.toLowerCase() as keyof typeof netFnNames] ?? Number(word),
    )
    return holdsSecret(netFn, cmd, Uint8Array.from(data))
  },
  async run(context, { netFn, cmd, data }) {
    const { bmc, signal, lun } = context
    if (holdsSecret(netFn, cmd, Uint8Array.from(data))) tellSeen(context, 'bytes')
    const addr = lun === 0 ? {} : { addr: { kind: 'systemInterface' as const, lun } }
    return (await bmc()).rawData(netFn, cmd, Uint8Array.from(data), { signal, ...addr })
  },
  view: as => as.lines(hexLines),
  ipmitool: hexLines,
})

function hexLines(data: Uint8Array): string {
  const rows: string[] = []
  for (let at = 0; at < data.length; at += BYTES_A_LINE)
    rows.push(` ${hexBytes(data.subarray(at, at + BYTES_A_LINE))}\n`)
  return rows.join('')
}
