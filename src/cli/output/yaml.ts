/** YAML text of plain data; a module of its own, so that the library is loaded only when asked for. */
import { Document, Scalar, visit } from 'yaml'
import type { Plain } from './plain.ts'

/** What starts with a letter and is no text for parsers of YAML 1.1, such as Python's. */
const notText = /^(y|n|yes|no|on|off|true|false|null)$/i
/** Other text is quoted: numbers, times and addresses have more forms in YAML 1.1 than the library knows. */
const plainText = /^[a-z]([\w ./()%+-]*[\w)%])?$/i

/** For parsers of YAML 1.1 and 1.2 alike. */
export function yamlText(data: Plain): string {
  const document = new Document(data)
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value !== 'string') return
      const isPlain = plainText.test(node.value) && !notText.test(node.value)
      node.type = isPlain ? Scalar.PLAIN : Scalar.QUOTE_DOUBLE
    },
  })
  return (
    document
      .toString({ lineWidth: 0, doubleQuotedAsJSON: true })
      // Only what stands in quotes has these, and numbers alone end so.
      .replace(
        /[\x7f-\x9f\u2028\u2029\ufeff]/g,
        letter => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
      .replace(/(?<=(^|: |- )-?\d+)(?=e[-+]\d+$)/gm, '.0')
  )
}
