/** A subcommand that writes the records of a BMC into a file: `sel save`, `sel writeraw`, `sdr dump`. */
import { type Context, type Subcommand, subcommand } from './declare.ts'
import { writeNamedFile } from './named-file.ts'
import { file } from './params.ts'

export function recordFile<R>(spec: {
  readonly name: string
  readonly summary: string
  read(context: Context): Promise<readonly R[]>
  /** What stands in the file for one of them. */
  encode(record: R): string | Uint8Array
}): Subcommand {
  const { name, summary, read, encode } = spec
  return subcommand({
    name,
    summary,
    args: { file: file('FILE', 'where to') },
    async run(context, { file: path }) {
      const records = await read(context)
      writeNamedFile(path, Buffer.concat(records.map(record => Buffer.from(encode(record)))))
      return { file: path, records: records.length }
    },
    view: as => as.lines(({ file: path, records }) => `${records} records are in ${path}.`),
  })
}
