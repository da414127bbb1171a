/** A host that is a process, such as QEMU: its BMC starts and ends it; and a command that is told what is done to a host. */
import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { LastwordError } from '../protocol/error.ts'
import type { Bmc } from './bmc.ts'
import type { HostAction } from './chassis.ts'
import { isAlive, pidIn, readIfThere, signOf } from './stores/process-sign.ts'

export interface HostProcessOptions {
  /** For a shell; runs as long as the host is on. */
  command: string
  /** Beside those of this process: where to connect to, and the like. */
  environment: Readonly<Record<string, string>>
  /** Where the process is written down, for whoever comes after a BMC that was killed. */
  file?: string
  onError(error: LastwordError): void
}

/** So long the process has to end by itself before it is killed. */
const PATIENCE_MS = 3000
const LOOK_AGAIN_MS = 20
/** Waits for a line, which comes when the process is written down: none runs that nobody knows of. */
const WAIT_AND_RUN = 'read -r line && exec /bin/sh -c "$0" < /dev/null'

export class HostProcess {
  readonly #bmc: Bmc
  readonly #options: HostProcessOptions
  readonly #stopListening: () => void
  #child: ChildProcess | null = null
  /** The process that was told to end, until it has: only then the next one may have its disk. */
  #ending: { child: ChildProcess; ended: Promise<void> } | null = null
  #isWanted = false

  /** Starts the process at once when the host is on. */
  constructor(bmc: Bmc, options: HostProcessOptions) {
    this.#bmc = bmc
    this.#options = options
    this.#stopListening = bmc.listen({
      onHostAction: action => this.#act(action),
      ownsPower: () => true,
    })
    if (bmc.chassis.isOn) this.#want('running')
  }

  /** The process of the host; undefined while it is off. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  async close(): Promise<void> {
    this.#stopListening()
    this.#want('ended')
    await this.#ending?.ended
  }

  #act(action: HostAction): void {
    if (action === 'powerUp') this.#want('running')
    if (action === 'powerDown') this.#want('ended')
    // A machine that is connected resets itself; any other host is begun anew.
    if (action === 'hardReset' && !this.#bmc.hasConnectedHost) this.#end()
  }

  #want(state: 'running' | 'ended'): void {
    this.#isWanted = state === 'running'
    if (this.#isWanted) this.#start()
    else this.#end()
  }

  #start(): void {
    if (this.#child !== null || this.#ending !== null) return
    const child = spawn('/bin/sh', ['-c', WAIT_AND_RUN, this.#options.command], {
      // A group of its own, so that its end reaches all of it.
      detached: true,
      stdio: ['pipe', 'ignore', 'inherit'],
      env: { ...process.env, ...this.#options.environment },
    })
    this.#child = child
    child.on('error', cause => {
      this.#options.onError(
        new LastwordError('HOST', `the host cannot be started: ${cause.message}`, { cause }),
      )
    })
    this.#writeDown(child.pid)
    // It may have been ended before it heard.
    child.stdin?.on('error', () => {})
    child.stdin?.end('\n')
    child.on('exit', () => {
      this.#writeDown(undefined)
      if (this.#ending?.child === child) {
        this.#ending = null
        if (this.#isWanted) this.#start()
        return
      }
      this.#child = null
      this.#isWanted = false
      this.#bmc.chassis.hostWent('off')
      this.#bmc.flush()
    })
  }

  #writeDown(pid: number | undefined): void {
    const { file, onError } = this.#options
    if (file === undefined) return
    try {
      if (pid === undefined) rmSync(file, { force: true })
      else writeFileSync(file, signOf(pid))
    } catch (cause) {
      const why = `${file}: the host cannot be written down: ${(cause as Error).message}`
      onError(new LastwordError('HOST', why, { cause }))
    }
  }

  #end(): void {
    const child = this.#child
    const pid = child?.pid
    if (child === null || pid === undefined) return
    this.#child = null
    const killing = setTimeout(() => signal(pid, 'SIGKILL'), PATIENCE_MS)
    const ended = new Promise<void>(resolve => {
      child.once('exit', () => {
        clearTimeout(killing)
        resolve()
      })
    })
    this.#ending = { child, ended }
    signal(pid, 'SIGTERM')
  }
}

/** Ends the host of a BMC that was killed, as `file` has it, before there is a second one on the same disk. */
export async function endOrphan(file: string): Promise<void> {
  const sign = readIfThere(file)
  const pid = sign === undefined ? undefined : pidIn(sign)
  if (sign !== undefined && pid !== undefined && isAlive(sign)) {
    signal(pid, 'SIGTERM')
    const killAtMs = performance.now() + PATIENCE_MS
    while (isAlive(sign)) {
      if (performance.now() > killAtMs) signal(pid, 'SIGKILL')
      await wait(LOOK_AGAIN_MS)
    }
  }
  rmSync(file, { force: true })
}

/** The whole group; one that is gone has nobody to tell. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Runs a command with each action, whose name is in the environment as LASTWORD_ACTION. */
export function runHook(bmc: Bmc, command: string, onError: (error: LastwordError) => void): () => void {
  return bmc.listen({
    takesNmi: () => true,
    onHostAction(action) {
      const env = { ...process.env, LASTWORD_ACTION: action, LASTWORD_BMC: String(bmc.index) }
      const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'ignore', 'inherit'], env })
      const report = (why: string) =>
        onError(
          new LastwordError('HOST', `the hook for ${action} failed: ${why}`, { hint: `It is: ${command}` }),
        )
      child.on('error', cause => report(cause.message))
      child.on('exit', status => {
        if (status !== 0) report(`exit status ${status}`)
      })
    },
  })
}
