/** The SEL commands of the simulated BMC. IPMI 2.0 rev 1.1, section 31. */

import {
  AddSelEntry,
  ClearSel,
  DeleteSelEntry,
  GetAuxiliaryLogStatus,
  GetSelAllocationInfo,
  GetSelEntry,
  GetSelInfo,
  GetSelTime,
  GetSelTimeUtcOffset,
  PartialAddSelEntry,
  ReserveSel,
  SetAuxiliaryLogStatus,
  SetSelTime,
  SetSelTimeUtcOffset,
} from '../../protocol/commands/sel.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import { encodeSelRecord, SEL_RECORD_BYTES } from '../../protocol/sel-record.ts'
import { UNSPECIFIED_TIME } from '../../protocol/time-stamp.ts'
import { type Served, serve } from '../serve.ts'
import { SEL_FULL } from '../stores/sel-store.ts'

const VERSION_1_5 = '1.5'
const LENGTH_MISMATCH = 0x80
const WHOLE_RECORD = 0xff
const MAX_UTC_OFFSET_MINUTES = 1440

const auxiliaryTypes: Record<string, number> = { mca: 0, oem1: 1, oem2: 2 }

function typeCode(type: string | number): number {
  return typeof type === 'number' ? type : auxiliaryTypes[type]!
}

export const selCommands: Served[] = [
  serve(GetSelInfo, (_, { sel }) => ({
    version: VERSION_1_5,
    entries: sel.length,
    freeBytes: Math.min(0xffff, sel.freeRecords * SEL_RECORD_BYTES),
    lastAdded: sel.lastAdded,
    lastErased: sel.lastErased,
    supports: { allocationInfo: true, reserve: true, partialAdd: true, delete: true, overflow: sel.overflow },
  })),
  serve(GetSelAllocationInfo, (_, { sel }) => ({
    units: sel.capacity,
    unitBytes: SEL_RECORD_BYTES,
    freeUnits: sel.freeRecords,
    largestFreeUnits: sel.freeRecords,
    maxRecordUnits: 1,
  })),
  serve(ReserveSel, (_, { sel }) => ({ reservationId: sel.reserve() })),
  serve(GetSelEntry, ({ reservationId, recordId, offset, count }, { sel }) => {
    const partial = offset !== 0 || (count !== WHOLE_RECORD && count !== SEL_RECORD_BYTES)
    if ((partial || reservationId !== 0) && !sel.isReserved(reservationId))
      return CompletionCode.ReservationCancelled
    const index = sel.indexOf(recordId)
    if (index < 0) return CompletionCode.NotPresent
    if (offset >= SEL_RECORD_BYTES) return CompletionCode.ParameterOutOfRange
    const wanted = count === WHOLE_RECORD ? SEL_RECORD_BYTES - offset : count
    if (offset + wanted > SEL_RECORD_BYTES) return CompletionCode.ParameterOutOfRange
    const next = sel.records[index + 1]
    return {
      nextRecordId: next === undefined ? 0xffff : next[0]! | (next[1]! << 8),
      data: sel.records[index]!.subarray(offset, offset + wanted),
    }
  }),
  serve(AddSelEntry, ({ record }, { sel }) => {
    const recordId = sel.add(encodeSelRecord(record))
    return recordId === SEL_FULL ? CompletionCode.OutOfSpace : { recordId }
  }),
  serve(PartialAddSelEntry, ({ reservationId, recordId, offset, progress, data }, bmc) => {
    if (!bmc.sel.isReserved(reservationId)) return CompletionCode.ReservationCancelled
    if (recordId === 0 && offset === 0) bmc.partialRecord = new Uint8Array(0)
    const sofar = bmc.partialRecord
    if (sofar === null || offset !== sofar.length) return CompletionCode.ParameterOutOfRange
    const record = Uint8Array.from([...sofar, ...data])
    if (record.length > SEL_RECORD_BYTES) return LENGTH_MISMATCH
    bmc.partialRecord = record
    if (progress.state !== 'last') return { recordId: 1 }
    bmc.partialRecord = null
    if (record.length !== SEL_RECORD_BYTES) return LENGTH_MISMATCH
    const id = bmc.sel.add(record)
    return id === SEL_FULL ? CompletionCode.OutOfSpace : { recordId: id }
  }),
  serve(DeleteSelEntry, ({ reservationId, recordId }, { sel }) => {
    if (!sel.isReserved(reservationId)) return CompletionCode.ReservationCancelled
    const id = sel.delete(recordId)
    return id < 0 ? CompletionCode.NotPresent : { recordId: id }
  }),
  serve(ClearSel, ({ reservationId, action }, { sel }) => {
    if (!sel.isReserved(reservationId)) return CompletionCode.ReservationCancelled
    if (action === 'initiate') sel.clear()
    else if (action !== 'getStatus') return CompletionCode.InvalidDataField
    return { erasure: { progress: 'completed' as const } }
  }),
  serve(GetSelTime, (_, { sel }) => ({ time: sel.time })),
  serve(SetSelTime, ({ time }, { sel }) => {
    sel.time = time
    return {}
  }),
  serve(GetSelTimeUtcOffset, (_, { sel }) => ({
    ...(sel.utcOffset === undefined ? {} : { minutes: sel.utcOffset }),
  })),
  serve(SetSelTimeUtcOffset, ({ minutes }, { sel }) => {
    if (minutes !== undefined && Math.abs(minutes) > MAX_UTC_OFFSET_MINUTES)
      return CompletionCode.ParameterOutOfRange
    sel.utcOffset = minutes
    return {}
  }),
  serve(GetAuxiliaryLogStatus, ({ log }, { sel }) => {
    const kept = sel.auxiliaryLog(typeCode(log.type))
    return kept ?? { time: UNSPECIFIED_TIME, data: new Uint8Array(log.type === 'mca' ? 4 : 3) }
  }),
  serve(SetAuxiliaryLogStatus, ({ log, time, data }, { sel }) => {
    sel.setAuxiliaryLog(typeCode(log.type), time, data)
    return {}
  }),
]
