/** Sensor data records from a file that `sdr dump` wrote, in place of the BMC's: `-S`. */
import type { SdrCache } from '../../client/sdr.ts'
import { LastwordError } from '../../protocol/error.ts'
import { decodeSdrHeader, SDR_HEADER_BYTES } from '../../protocol/sdr/record.ts'
import { readNamedFile } from '../named-file.ts'

export class SdrFile implements SdrCache {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** Whatever the BMC's repository is like now. Rejects with LastwordError SDR_BAD when the file ends within a record. */
  async load(): Promise<Uint8Array[]> {
    const raw = readNamedFile(this.#path)
    const records: Uint8Array[] = []
    for (let at = 0; at < raw.length; ) {
      const head = raw.subarray(at, at + SDR_HEADER_BYTES)
      const end =
        head.length < SDR_HEADER_BYTES ? Number.NaN : at + head.length + decodeSdrHeader(head).length
      if (!(end <= raw.length))
        throw new LastwordError('SDR_BAD', `${this.#path}: it ends within record ${records.length + 1}`, {
          hint: 'sdr dump FILE writes such a file.',
        })
      records.push(Uint8Array.from(raw.subarray(at, end)))
      at = end
    }
    return records
  }

  /** The file stays as it is. */
  async save(): Promise<void> {}
}
