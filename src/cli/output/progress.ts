/** A progress bar on a terminal's standard error; nothing elsewhere. */
import type { Progress } from '../declare.ts'

const nothing: Progress = { to() {}, [Symbol.dispose]() {} }

export async function progressBar(what: string, total: number): Promise<Progress> {
  if (!process.stderr.isTTY || total === 0) return nothing
  const { drawBar } = await import('./bar.ts')
  return drawBar(what, total)
}
