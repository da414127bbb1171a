/** The FRU inventory commands of the simulated BMC. IPMI 2.0 rev 1.1, section 34. */
import { GetFruInventoryAreaInfo, ReadFruData, WriteFruData } from '../../protocol/commands/fru.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import { type Served, serve } from '../serve.ts'

const MAX_PIECE_BYTES = 240

export const fruCommands: Served[] = [
  serve(GetFruInventoryAreaInfo, ({ fruId }, { frus }) => {
    const sizeBytes = frus.sizeOf(fruId)
    return sizeBytes === undefined ? CompletionCode.NotPresent : { sizeBytes, unit: 'byte' as const }
  }),
  serve(ReadFruData, ({ fruId, offset, count }, { frus }) => {
    const image = frus.read(fruId)
    if (image === undefined) return CompletionCode.NotPresent
    if (offset >= image.length) return CompletionCode.ParameterOutOfRange
    if (count > MAX_PIECE_BYTES) return CompletionCode.CannotReturnRequestedBytes
    const data = image.subarray(offset, offset + count)
    return { count: data.length, data }
  }),
  serve(WriteFruData, ({ fruId, offset, data }, { frus }) => {
    const sizeBytes = frus.sizeOf(fruId)
    if (sizeBytes === undefined) return CompletionCode.NotPresent
    if (offset + data.length > sizeBytes) return CompletionCode.ParameterOutOfRange
    frus.write(fruId, offset, data)
    return { count: data.length }
  }),
]
