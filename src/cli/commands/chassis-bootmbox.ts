/** `lastword chassis bootmbox`: words for whoever boots the system next. IPMI 2.0 rev 1.1, section 28.13, parameter 7. */
import type { Bmc } from '../../client/bmc.ts'
import { BOOT_MAILBOX_BLOCK_BYTES, BootParameter } from '../../protocol/parameters/boot.ts'
import { group, subcommand } from '../declare.ts'
import { hexBytes, readableText } from '../hex.ts'
import { bootParameter, setBootParameter } from '../parameters.ts'
import { many, readInteger, text, UsageError } from '../params.ts'

/** Block 0 begins with the enterprise number of whoever the words are for. */
const IANA_BYTES = 3
const MAX_BLOCKS = 128
/** As many as every BMC must have: 80 bytes. */
const BLOCKS = 5

interface Asked {
  isText: boolean
  block: number | undefined
  rest: readonly string[]
}

/** ipmitool's order: `text`, then `block N`. */
function readWords(words: readonly string[]): Asked {
  const isText = words[0] === 'text'
  const after = isText ? words.slice(1) : words
  if (after[0] !== 'block') return { isText, block: undefined, rest: after }
  const block = readInteger(after[1] ?? '', 'block', { max: MAX_BLOCKS - 1 })
  return { isText, block, rest: after.slice(2) }
}

const wordsArg = {
  ...many(text('WORD', '')),
  choices: ['text', 'block'],
}

async function readBlocks(bmc: Bmc, only: number | undefined, signal: AbortSignal) {
  const blocks = []
  for (let block = only ?? 0; block <= (only ?? MAX_BLOCKS); block++) {
    const found = await bootParameter({ bmc, signal }, BootParameter.mailbox, block)
    if (found === undefined) break
    blocks.push(found)
  }
  return blocks
}

const get = subcommand({
  name: 'get',
  summary: 'the boot mailbox, or a block of it',
  args: {
    words: {
      ...wordsArg,
      value: '[text] [block N]',
      summary: 'text: not in hexadecimal; block: only this one',
    },
  },
  async run({ bmc, signal }, { words }) {
    const { isText, block: only, rest } = readWords(words)
    if (rest.length > 0) throw new UsageError(`bootmbox get: "${rest[0]}" is too many`)
    const blocks = await readBlocks(await bmc(), only, signal)
    const [first] = blocks
    const iana = first?.block === 0 ? Buffer.from(first.data).readUIntLE(0, IANA_BYTES) : undefined
    return {
      enterprise: iana,
      blocks: blocks.map(({ block, data }) => {
        const bytes = block === 0 ? data.subarray(IANA_BYTES) : data
        return isText ? { block, text: readableText(bytes) } : { block, bytes }
      }),
    }
  },
  view: as =>
    as.lines(({ enterprise, blocks }) => {
      if (blocks.length === 0) return 'There is no such block.'
      return [
        ...(enterprise === undefined ? [] : [`for enterprise ${enterprise}`]),
        ...blocks.map(part => `block ${part.block}: ${'text' in part ? part.text : hexBytes(part.bytes)}`),
      ].join('\n')
    }),
})

/** The blocks that hold these bytes; of the whole mailbox the others become empty. */
function blocksOf(iana: number, data: Uint8Array, only: number | undefined) {
  const head = Buffer.alloc(IANA_BYTES)
  head.writeUIntLE(iana, 0, IANA_BYTES)
  const whole = only === undefined || only === 0 ? Buffer.concat([head, data]) : Buffer.from(data)
  const count = only === undefined ? BLOCKS : 1
  if (whole.length > count * BOOT_MAILBOX_BLOCK_BYTES) {
    const room = count * BOOT_MAILBOX_BLOCK_BYTES - (whole.length - data.length)
    throw new UsageError(`bootmbox set: ${data.length} bytes, ${room} are the most`)
  }
  return Array.from({ length: count }, (_, index) => {
    const padded = new Uint8Array(BOOT_MAILBOX_BLOCK_BYTES)
    padded.set(whole.subarray(index * BOOT_MAILBOX_BLOCK_BYTES, (index + 1) * BOOT_MAILBOX_BLOCK_BYTES))
    return { block: (only ?? 0) + index, data: padded }
  })
}

const set = subcommand({
  name: 'set',
  summary: 'writes the boot mailbox, or a block of it',
  args: {
    words: {
      ...wordsArg,
      value: '[text] [block N] IANA BYTE',
      summary:
        'text: one text follows IANA, not bytes; block: only this one; IANA: the enterprise number of the reader',
    },
  },
  async run({ bmc, signal }, { words }) {
    const { isText, block: only, rest } = readWords(words)
    const [iana, ...given] = rest
    if (iana === undefined || given.length === 0 || (isText && given.length > 1))
      throw new UsageError(
        'bootmbox set wants an enterprise number and bytes, or text, a number and one text',
      )
    const enterprise = readInteger(iana, 'IANA', { max: 0xffffff })
    const data = isText
      ? Buffer.from(given[0]!, 'latin1')
      : Uint8Array.from(given, word => readInteger(word, 'byte', { max: 0xff }))
    const place = { bmc: await bmc(), signal }
    const blocks = blocksOf(enterprise, data, only)
    for (const block of blocks) await setBootParameter(place, BootParameter.mailbox, block)
    return { enterprise, blocks: blocks.map(({ block }) => block), bytes: data.length }
  },
  view: as => as.lines(({ blocks, bytes }) => `${bytes} bytes are in block ${blocks.join(', ')}.`),
})

export const bootmbox = group('bootmbox', 'words for whoever boots the system next', [get, set])
