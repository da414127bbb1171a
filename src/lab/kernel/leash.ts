/** Starts a program that cannot outlive us, however we end, and whose private folder goes with it. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { LastwordError } from '../../protocol/error.ts'

export interface LeashedProcess {
  pid: number
  child: ChildProcess
  stdin: Writable
  stdout: Readable
  stderr: Readable
  /** Kills the program and its watcher; harmless when they are gone. */
  kill(): void
}

/**
 * A watcher beside the program reads a pipe that only we hold open. It ends with us, whether by return, exception,
 * Ctrl-C or SIGKILL: then the watcher kills the program and removes the folder. `$$` is the program's process, since
 * exec keeps it.
 */
const watcherScript = `
folder=$1
shift
( read -r _ <&3; kill -KILL $$; rm -rf "$folder" ) > /dev/null 2>&1 &
exec "$@" 3<&-
`

export function startOnLeash(program: string, args: readonly string[], folder: string): LeashedProcess {
  const child = spawn('/bin/sh', ['-c', watcherScript, 'leash', folder, program, ...args], {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    // A group of its own: a Ctrl-C on the terminal is for us, and the group can be killed as one.
    detached: true,
  })
  const { pid, stdin, stdout, stderr } = child
  if (pid === undefined || !stdin || !stdout || !stderr) {
    throw new LastwordError('PROGRAM_FAILED', `${program} could not be started: there is no usable /bin/sh`)
  }
  const kill = () => {
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {}
  }
  // The program ended by itself: its watcher has to go before the process ID can be another's.
  child.once('exit', kill)
  return { pid, child, stdin, stdout, stderr, kill }
}
