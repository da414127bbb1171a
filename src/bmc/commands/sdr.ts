/** The SDR repository commands of the simulated BMC. IPMI 2.0 rev 1.1, section 33. */
import type { RequestOf, ResponseOf } from '../../protocol/command.ts'
import {
  AddSdr,
  ClearSdrRepository,
  DeleteSdr,
  EnterSdrRepositoryUpdateMode,
  ExitSdrRepositoryUpdateMode,
  GetSdr,
  GetSdrRepositoryAllocationInfo,
  GetSdrRepositoryInfo,
  GetSdrRepositoryTime,
  PartialAddSdr,
  ReserveSdrRepository,
  RunInitializationAgent,
  SdrRecordId,
  SetSdrRepositoryTime,
} from '../../protocol/commands/sdr.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import { decodeSdrHeader, MAX_SDR_BYTES, SDR_HEADER_BYTES } from '../../protocol/sdr/record.ts'
import { type Served, serve } from '../serve.ts'
import { SDR_REPOSITORY_BYTES, type SdrRepository } from '../stores/sdr-repository.ts'

const VERSION = '1.5'
const UNIT_BYTES = 16
const WHOLE_RECORD = 0xff
const LENGTH_MISMATCH = 0x80
/** What an answer carries beside the data, over the narrowest way: a LAN message of IPMI 1.5. */
const MAX_PIECE_BYTES = 240

/** A record or a piece of it, from the repository or as the device's own. */
export function readRecord(
  sdrs: SdrRepository,
  { reservationId, recordId, offset, count }: RequestOf<typeof GetSdr>,
): ResponseOf<typeof GetSdr> | number {
  if ((offset !== 0 || reservationId !== 0) && !sdrs.isReserved(reservationId))
    return CompletionCode.ReservationCancelled
  const records = sdrs.records()
  const index =
    recordId === SdrRecordId.First
      ? 0
      : recordId === SdrRecordId.Last
        ? records.length - 1
        : records.findIndex(({ id }) => id === recordId)
  const record = records[index]
  if (record === undefined) return CompletionCode.NotPresent
  if (offset > record.raw.length) return CompletionCode.ParameterOutOfRange
  const end = count === WHOLE_RECORD ? record.raw.length : offset + count
  if (Math.min(end, record.raw.length) - offset > MAX_PIECE_BYTES)
    return CompletionCode.CannotReturnRequestedBytes
  return { nextRecordId: records[index + 1]?.id ?? SdrRecordId.Last, data: record.raw.subarray(offset, end) }
}

function isWhole(raw: Uint8Array): boolean {
  return raw.length >= SDR_HEADER_BYTES && decodeSdrHeader(raw).length + SDR_HEADER_BYTES === raw.length
}

function freeUnits(sdrs: SdrRepository): number {
  return Math.floor((SDR_REPOSITORY_BYTES - sdrs.usedBytes) / UNIT_BYTES)
}

export const sdrCommands: Served[] = [
  serve(GetSdrRepositoryInfo, (_, { sdrs }) => ({
    version: VERSION,
    records: sdrs.records().length,
    freeBytes: SDR_REPOSITORY_BYTES - sdrs.usedBytes,
    lastAdded: sdrs.lastAdded,
    lastErased: sdrs.lastErased,
    supports: {
      allocationInfo: true,
      reserve: true,
      partialAdd: true,
      delete: true,
      update: 'both' as const,
      overflow: false,
    },
  })),
  serve(GetSdrRepositoryAllocationInfo, (_, { sdrs }) => ({
    units: SDR_REPOSITORY_BYTES / UNIT_BYTES,
    unitBytes: UNIT_BYTES,
    freeUnits: freeUnits(sdrs),
    largestFreeUnits: freeUnits(sdrs),
    maxRecordUnits: Math.ceil(MAX_SDR_BYTES / UNIT_BYTES),
  })),
  serve(ReserveSdrRepository, (_, { sdrs }) => ({ reservationId: sdrs.reserve() })),
  serve(GetSdr, (request, { sdrs }) => readRecord(sdrs, request)),
  serve(AddSdr, ({ record }, { sdrs }) => {
    if (!isWhole(record)) return CompletionCode.RequestLengthInvalid
    const recordId = sdrs.add(record)
    return recordId === undefined ? CompletionCode.OutOfSpace : { recordId }
  }),
  serve(PartialAddSdr, ({ reservationId, recordId, offset, progress, data }, { sdrs }) => {
    if (!sdrs.isReserved(reservationId)) return CompletionCode.ReservationCancelled
    if (recordId === 0 && offset === 0) sdrs.partial = new Uint8Array(0)
    const sofar = sdrs.partial
    if (sofar === null || offset !== sofar.length) return CompletionCode.ParameterOutOfRange
    const record = Uint8Array.from([...sofar, ...data])
    if (record.length > MAX_SDR_BYTES) return LENGTH_MISMATCH
    sdrs.partial = record
    if (progress !== 'last') return { recordId: 1 }
    sdrs.partial = null
    if (!isWhole(record)) return LENGTH_MISMATCH
    const id = sdrs.add(record)
    return id === undefined ? CompletionCode.OutOfSpace : { recordId: id }
  }),
  serve(DeleteSdr, ({ reservationId, recordId }, { sdrs }) => {
    if (!sdrs.isReserved(reservationId)) return CompletionCode.ReservationCancelled
    if (!sdrs.records().some(({ id }) => id === recordId)) return CompletionCode.NotPresent
    sdrs.delete(recordId)
    return { recordId }
  }),
  serve(ClearSdrRepository, ({ reservationId, action }, { sdrs }) => {
    if (!sdrs.isReserved(reservationId)) return CompletionCode.ReservationCancelled
    if (action === 'initiate') sdrs.clear()
    else if (action !== 'getStatus') return CompletionCode.InvalidDataField
    return { progress: 'completed' as const }
  }),
  serve(GetSdrRepositoryTime, (_, { sel }) => ({ time: sel.time })),
  serve(SetSdrRepositoryTime, ({ time }, { sel }) => {
    sel.time = time
    return {}
  }),
  // The repository takes changes at any time: there is no mode to be in.
  serve(EnterSdrRepositoryUpdateMode, () => ({})),
  serve(ExitSdrRepositoryUpdateMode, () => ({})),
  serve(RunInitializationAgent, ({ action }, { sensors }) => {
    if (action === 'run') sensors.reset()
    return { isCompleted: true }
  }),
]
