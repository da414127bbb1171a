/** Platform event filtering and alerting of the simulated BMC. IPMI 2.0 rev 1.1, section 30. */
import {
  AlertImmediate,
  ArmPefPostponeTimer,
  GetLastProcessedEventId,
  GetPefCapabilities,
  GetPefConfigurationParameters,
  PetAcknowledge,
  SetLastProcessedEventId,
  SetPefConfigurationParameters,
} from '../../protocol/commands/pef.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import { decodeSelRecord, newEvent, type SystemEventRecord } from '../../protocol/sel-record.ts'
import type { Bmc } from '../bmc.ts'
import { alertString, EVENT_FILTERS, pefActions, pefParameters } from '../pef-parameters.ts'
import { type Served, serve } from '../serve.ts'

const VERSION_1_5 = '1.5'
const REVISION = 0x11
const NO_RECORD = 0xffff
/** A postponement that only an operator ends, for as long as this BMC runs. */
const FOREVER_SECONDS = 0x7fffffff

/** The latest event of the SEL. */
function lastEvent({ sel }: Bmc): SystemEventRecord | undefined {
  return sel.records.map(decodeSelRecord).findLast(record => record.kind === 'system')
}

export const pefCommands: Served[] = [
  serve(GetPefCapabilities, () => ({
    version: VERSION_1_5,
    supports: { ...pefActions, oemEventRecords: false },
    eventFilters: EVENT_FILTERS,
  })),
  serve(ArmPefPostponeTimer, ({ timer }, { pef }) => {
    if (timer === 'disable') pef.postpone(0)
    else if (timer === 'temporaryDisable') pef.postpone(FOREVER_SECONDS)
    else if (typeof timer === 'number') pef.postpone(timer)
    const { postponedSeconds } = pef
    return { seconds: postponedSeconds > 0xfd ? 0xfe : postponedSeconds }
  }),
  serve(
    SetPefConfigurationParameters,
    ({ selector, data }, bmc) => pefParameters.set(bmc, selector, data) || {},
  ),
  serve(GetPefConfigurationParameters, ({ parameter, setSelector, blockSelector }, bmc) => {
    if (parameter.revisionOnly) return { revision: REVISION, data: new Uint8Array(0) }
    const data = pefParameters.get(bmc, parameter.selector, setSelector, blockSelector)
    return typeof data === 'number' ? data : { revision: REVISION, data }
  }),
  serve(SetLastProcessedEventId, ({ by, recordId }, { pef }) => {
    pef.setLastProcessed(by === 'bmc' ? 'bmc' : 'software', recordId)
    return {}
  }),
  serve(GetLastProcessedEventId, (_, { pef, sel }) => {
    const last = sel.records.at(-1)
    return {
      lastAdded: sel.lastAdded,
      lastRecordId: last === undefined ? NO_RECORD : decodeSelRecord(last).recordId,
      lastSoftwareProcessedId: pef.lastProcessed('software'),
      lastBmcProcessedId: pef.lastProcessed('bmc'),
    }
  }),
  serve(AlertImmediate, ({ alert, string, event: given }, bmc) => {
    const { alerts } = bmc.pef
    if (alert.operation === 'getStatus') return { status: alerts.status }
    if (alert.operation === 'clearStatus') {
      alerts.status = 'none'
      return {}
    }
    const event = given === undefined ? lastEvent(bmc) : newEvent(given)
    if (event === undefined) return CompletionCode.NotPresent
    const text = string.send ? alertString(bmc, string.selector) : ''
    return alerts.send(alert.destination, { event, text }) ? {} : CompletionCode.ParameterOutOfRange
  }),
  serve(PetAcknowledge, ({ sequenceNumber }, { pef }) =>
    pef.alerts.acknowledge(sequenceNumber) ? {} : CompletionCode.NotPresent,
  ),
]
