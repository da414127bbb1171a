/** Results that come one after the other, as one document: a JSON array, a YAML list, or a line of JSON each. */
import type { Format } from './formats.ts'
import { plain } from './plain.ts'

export interface Results {
  add(result: object): Promise<void>
  end(): Promise<void>
}

/** Undefined for formats that are not for programs to take apart. */
export function resultsAs(format: Format, print: (text: string) => Promise<void>): Results | undefined {
  if (format === 'json') return jsonArray(print)
  if (format === 'ndjson') {
    return { add: result => print(`${JSON.stringify(plain(result))}\n`), end: async () => {} }
  }
  return format === 'yaml' ? yamlList(print) : undefined
}

function jsonArray(print: (text: string) => Promise<void>): Results {
  let isFirst = true
  return {
    add(result) {
      const text = JSON.stringify(plain(result), null, 2).replaceAll('\n', '\n  ')
      // The line is ended with the object: on a terminal an error may be told behind it.
      const before = isFirst ? '[\n  ' : ', '
      isFirst = false
      return print(`${before}${text}\n`)
    },
    end: () => print(isFirst ? '[]\n' : ']\n'),
  }
}

function yamlList(print: (text: string) => Promise<void>): Results {
  let isEmpty = true
  return {
    async add(result) {
      isEmpty = false
      const { yamlText } = await import('./yaml.ts')
      await print(yamlText([plain(result)]))
    },
    end: async () => {
      if (isEmpty) await print('[]\n')
    },
  }
}
