/** The SEL of a BMC, read record by record. IPMI 2.0 rev 1.1, section 31. */

import type { Command } from '../protocol/command.ts'
import { GetSelEntry, SelRecordId } from '../protocol/commands/sel.ts'
import { CompletionCode, CompletionCodeError } from '../protocol/completion-code.ts'
import { LastwordError } from '../protocol/error.ts'
import { lastWordsSentence, readLastWords } from '../protocol/last-words.ts'
import { decodeSelRecord, type SelRecord } from '../protocol/sel-record.ts'

const WHOLE_RECORD = 0xff
/** Record IDs have 16 bits: who hands out more is running in a circle. */
const MAX_RECORDS = 0x10000

/** What reads from a BMC needs of it. */
export interface CommandRunner {
  run<Q, R>(command: Command<Q, R>, request: Q): Promise<R>
}

export class Sel {
  readonly #bmc: CommandRunner

  constructor(bmc: CommandRunner) {
    this.#bmc = bmc
  }

  /** All records, oldest first. Throws LastwordError SEL_LOOP when the record IDs run in a circle. */
  async *entries(): AsyncGenerator<SelRecord, void, void> {
    let recordId: number = SelRecordId.First
    const seen = new Set<number>()
    for (let count = 0; count < MAX_RECORDS; count++) {
      const entry = await this.#entry(recordId)
      if (entry === null) return
      yield decodeSelRecord(entry.data)
      if (entry.nextRecordId === SelRecordId.Last) return
      if (seen.has(entry.nextRecordId)) {
        throw new LastwordError(
          'SEL_LOOP',
          `the SEL's record 0x${entry.nextRecordId.toString(16)} comes twice`,
          {
            hint: 'The BMC links its records in a circle; what was read so far is right.',
          },
        )
      }
      seen.add(entry.nextRecordId)
      recordId = entry.nextRecordId
    }
  }

  /** Null when the log is empty or the record was deleted meanwhile. */
  async #entry(recordId: number) {
    try {
      return await this.#bmc.run(GetSelEntry, { reservationId: 0, recordId, offset: 0, count: WHOLE_RECORD })
    } catch (error) {
      if (error instanceof CompletionCodeError && error.completionCode === CompletionCode.NotPresent)
        return null
      throw error
    }
  }

  /** The crashes that the SEL tells of, one sentence each. */
  async sentences(): Promise<string[]> {
    const records: SelRecord[] = []
    for await (const record of this.entries()) records.push(record)
    return readLastWords(records).map(lastWordsSentence)
  }
}
