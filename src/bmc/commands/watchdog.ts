/** The watchdog commands of the simulated BMC. IPMI 2.0 rev 1.1, section 27. */
import { GetWatchdogTimer, ResetWatchdogTimer, SetWatchdogTimer } from '../../protocol/commands/watchdog.ts'
import { type Served, serve } from '../serve.ts'

const NOT_INITIALIZED = 0x80

export const watchdogCommands: Served[] = [
  serve(ResetWatchdogTimer, (_, { watchdog }) => (watchdog.restart() ? {} : NOT_INITIALIZED)),
  serve(SetWatchdogTimer, (request, { watchdog }) => {
    watchdog.set(request)
    return {}
  }),
  serve(GetWatchdogTimer, (_, { watchdog }) => watchdog.get()),
]
