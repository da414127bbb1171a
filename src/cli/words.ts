/** Splits a line into words as a shell does: blanks, quotes, backslashes, and # for the rest that is a remark. */
import { UsageError } from './params.ts'

/** Throws UsageError when a quote is left open. */
export function splitWords(line: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let quote: '"' | "'" | undefined
  for (let at = 0; at < line.length; at++) {
    const letter = line[at]!
    if (quote !== undefined) {
      if (letter === quote) quote = undefined
      else if (letter === '\\' && quote === '"' && /["\\]/.test(line[at + 1] ?? '')) word += line[++at]!
      else word += letter
    } else if (letter === '"' || letter === "'") {
      quote = letter
      word ??= ''
    } else if (/\s/.test(letter)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (letter === '#' && word === undefined) {
      break
    } else {
      word = (word ?? '') + (letter === '\\' ? (line[++at] ?? '') : letter)
    }
  }
  if (quote !== undefined) throw new UsageError(`a ${quote} is left open`)
  if (word !== undefined) words.push(word)
  return words
}
