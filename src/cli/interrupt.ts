/** Ctrl-C, SIGTERM, a terminal and a reader of the output that are gone: the work in hand is told to stop, what it started is cleaned up, then the process ends; at once by a second. */
import { closeSync, fstatSync } from 'node:fs'
import { isatty } from 'node:tty'
import { type OutputEnd, whenOutputEnds } from './output/stdout.ts'
import { exitStatus, tell } from './output.ts'

/**
 * Runs `work` with a signal that aborts on the first Ctrl-C, or when nothing can be printed any more; its failure by that
 * is no error, the exit status says it.
 */
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
  const output: { end?: OutputEnd } = {}
  const forgetOutput = whenOutputEnds(end => {
    output.end ??= end
    controller.abort()
  })
  try {
    await work(controller.signal)
  } catch (error) {
    if (!controller.signal.aborted) throw error
    if (output.end === undefined) {
      tell('lastword: interrupted; nothing was left behind\n')
      process.exitCode = exitStatus.interrupted
      setTimeout(endBySignal, GRACE_MS).unref()
    }
  } finally {
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
    process.off('SIGHUP', stop)
    forgetOutput()
  }
  if (output.end !== undefined) endOutput(output.end)
}

/** What is left has nothing to do with the work that has ended. */
const GRACE_MS = 100

/** A name that is being looked up keeps the process, and process.exit waits for it too. A shell has the same status of it. */
function endBySignal(): void {
  process.kill(process.pid, 'SIGINT')
}

/** A reader that has gone, as head does, has had enough: that is no failure. */
function endOutput({ failure }: OutputEnd): void {
  process.exitCode = exitStatus.ok
  if (failure !== undefined) throw failure
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
