/** A million hostile datagrams at a BMC and a console: what they cost, and that nothing grows. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { runHostile } from '../lab/lan/hostile.ts'
import { type Figure, perSecond } from './figure.ts'

const DATAGRAMS = 1_000_000

export function lanHostile(): Figure[] {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  runHostile({ datagrams: DATAGRAMS / 20, seed: 1 })
  collect()
  const before = process.memoryUsage().heapUsed
  const begin = process.hrtime.bigint()
  const report = runHostile({ datagrams: DATAGRAMS, seed: 2 })
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9
  collect()
  const grownBytes = process.memoryUsage().heapUsed - before
  const harm = report.failedRequests + report.failedLogIns + report.sessionsLost + report.forgedRecords
  return [
    {
      name: `hostile datagrams, among ${report.requests} requests and ${report.logIns} log-ins`,
      value: perSecond(report.datagrams, seconds),
      against: `${report.datagrams} of them; requests failed, sessions lost, records forged: ${harm} (0)`,
    },
    {
      name: 'heap that is kept after them',
      value: `${Math.round(grownBytes / 1024)} KiB`,
      against: 'none',
    },
  ]
}
