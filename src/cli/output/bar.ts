/** The bar itself; a module of its own, so that the library is loaded only when a bar is drawn. */
import cliProgress from 'cli-progress'
import type { Progress } from '../declare.ts'

export function drawBar(what: string, total: number): Progress {
  const bar = new cliProgress.SingleBar({
    stream: process.stderr,
    format: `${what} {bar} {value} of {total}, {eta_formatted} to go`,
    barCompleteChar: '━',
    barIncompleteChar: ' ',
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
    // Short work draws no bar.
    fps: 5,
  })
  bar.start(total, 0)
  return {
    to: done => bar.update(Math.min(done, total)),
    [Symbol.dispose]: () => bar.stop(),
  }
}
