/** Ctrl-C, SIGTERM and a terminal that is gone: the work in hand is told to stop, what it started is cleaned up, then the process ends; at once by a second. */
import { closeSync, fstatSync } from 'node:fs'
import { isatty } from 'node:tty'
import { exitStatus, tell } from './output.ts'

/** Runs `work` with a signal that aborts on the first Ctrl-C; its failure by that is no error, the exit status says it. */
export async function interruptible(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController()
  const stop = () => {
    if (controller.signal.aborted) process.exit(exitStatus.interrupted)
    controller.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  process.on('SIGHUP', stop)
  process.once('exit', leaveGoneTerminals)
  try {
    await work(controller.signal)
  } catch (error) {
    if (!controller.signal.aborted) throw error
    tell('lastword: interrupted; nothing was left behind\n')
    process.exitCode = exitStatus.interrupted
  } finally {
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
    process.off('SIGHUP', stop)
  }
}

/** As it exits, Node gives terminals their modes back, and aborts where one is gone: those it had better not find. */
function leaveGoneTerminals(): void {
  for (const fd of [0, 1, 2]) {
    try {
      if (fstatSync(fd).isCharacterDevice() && !isatty(fd)) closeSync(fd)
    } catch {
      // It was closed already.
    }
  }
}
