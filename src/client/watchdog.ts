/** The watchdog timer of a BMC. IPMI 2.0 rev 1.1, section 27. */
import type { RequestOf, ResponseOf } from '../protocol/command.ts'
import { GetWatchdogTimer, ResetWatchdogTimer, SetWatchdogTimer } from '../protocol/commands/watchdog.ts'
import { type Abortable, type CommandRunner, within } from './command-runner.ts'

/** The countdown's unit is 100 ms. */
const COUNTS_PER_SECOND = 10

type SetRequest = RequestOf<typeof SetWatchdogTimer>

export interface WatchdogSettings {
  /** Up to 6553.5. */
  seconds: number
  action: SetRequest['actions']['timeout']
  /** Of the operating system unless said otherwise. */
  use?: SetRequest['timer']['use']
  /** None unless said otherwise. */
  preTimeout?: { seconds: number; interrupt: SetRequest['actions']['preTimeout'] }
  /** It is logged unless said otherwise. */
  expiration?: 'logged' | 'notLogged'
}

/** No timer use: of the expired ones that are forgotten. */
export const noUse = { biosFrb2: false, biosPost: false, osLoad: false, smsOs: false, oem: false }

export class WatchdogTimer {
  readonly #bmc: CommandRunner

  constructor(bmc: CommandRunner) {
    this.#bmc = bmc
  }

  get(options: Abortable = {}): Promise<ResponseOf<typeof GetWatchdogTimer>> {
    return this.#bmc.run(GetWatchdogTimer, {}, within(options))
  }

  /** Sets the timer and stops it; `feed` starts it. */
  async set(settings: WatchdogSettings, options: Abortable = {}): Promise<void> {
    const { seconds, action, use = 'smsOs', preTimeout, expiration = 'logged' } = settings
    await this.#bmc.run(
      SetWatchdogTimer,
      {
        timer: { use, dontStop: false, dontLog: expiration === 'notLogged' },
        actions: { timeout: action, preTimeout: preTimeout?.interrupt ?? 'none' },
        preTimeoutSeconds: preTimeout?.seconds ?? 0,
        clearExpired: { ...noUse, ...(typeof use === 'string' ? { [use]: true } : {}) },
        initialCountdown: Math.round(seconds * COUNTS_PER_SECOND),
      },
      within(options),
    )
  }

  /** Starts the countdown, or starts it again. */
  async feed(options: Abortable = {}): Promise<void> {
    await this.#bmc.run(ResetWatchdogTimer, {}, within(options))
  }

  /** Stops it; what it is set to stays. */
  async stop(options: Abortable = {}): Promise<void> {
    const { timer, actions, preTimeoutSeconds, initialCountdown } = await this.get(options)
    await this.#bmc.run(
      SetWatchdogTimer,
      {
        timer: { use: timer.use, dontStop: false, dontLog: timer.dontLog },
        actions,
        preTimeoutSeconds,
        clearExpired: noUse,
        initialCountdown,
      },
      within(options),
    )
  }
}
