/** The records of an SDR repository and a SEL as answers of an AnsweringRig. IPMI 2.0 rev 1.1, sections 31 and 33. */
import type { ResponseOf } from '../../protocol/command.ts'
import { GetSdr, GetSdrRepositoryInfo, ReserveSdrRepository } from '../../protocol/commands/sdr.ts'
import { GetSelEntry, GetSelInfo } from '../../protocol/commands/sel.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import { encodeSdr, type SdrRecord } from '../../protocol/sdr/record.ts'
import { encodeSelRecord, type SelRecord } from '../../protocol/sel-record.ts'
import type { AnsweringRig } from './answering-rig.ts'

/** The records behind Get SDR or Get SEL Entry: each with the ID of the next. */
function recordAfter(
  records: readonly Uint8Array[],
  id: number,
): { record: Uint8Array; nextRecordId: number } | undefined {
  const idOf = (raw: Uint8Array) => raw[0]! | (raw[1]! << 8)
  const at = id === 0 ? 0 : records.findIndex(raw => idOf(raw) === id)
  const record = records[at]
  const next = records[at + 1]
  return record && { record, nextRecordId: next === undefined ? 0xffff : idOf(next) }
}

export function serveSdrs(rig: AnsweringRig, sdrs: readonly SdrRecord[]): void {
  const raw = sdrs.map(encodeSdr)
  const info = { version: '1.5', records: raw.length, freeBytes: 1000, lastAdded: 1, lastErased: 1 }
  const supports = {
    allocationInfo: false,
    reserve: true,
    partialAdd: false,
    delete: false,
    update: 'nonModal' as const,
    overflow: false,
  }
  rig
    .on(GetSdrRepositoryInfo, () => ({ ...info, supports }))
    .on(ReserveSdrRepository, () => ({ reservationId: 1 }))
    .on(GetSdr, ({ recordId, offset, count }) => {
      const found = recordAfter(raw, recordId)
      if (found === undefined) return CompletionCode.NotPresent
      return { nextRecordId: found.nextRecordId, data: found.record.subarray(offset, offset + count) }
    })
}

export function serveSel(
  rig: AnsweringRig,
  records: readonly SelRecord[],
  info: Partial<ResponseOf<typeof GetSelInfo>> = {},
): void {
  const raw = records.map(encodeSelRecord)
  const supports = { allocationInfo: false, reserve: true, partialAdd: false, delete: true, overflow: false }
  rig
    .on(GetSelInfo, () => ({
      version: '1.5',
      entries: raw.length,
      freeBytes: 1000,
      lastAdded: 1,
      lastErased: 1,
      supports,
      ...info,
    }))
    .on(GetSelEntry, ({ recordId }) => {
      const found = recordAfter(raw, recordId)
      if (found === undefined) return CompletionCode.NotPresent
      return { nextRecordId: found.nextRecordId, data: found.record }
    })
}
