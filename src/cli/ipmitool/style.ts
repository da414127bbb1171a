/** The two of ipmitool's flags that change how its output looks. */
import { type Clock, localClock } from './local-time.ts'

export interface Style extends Clock {
  /** ipmitool's -c; what has no such form is printed as ever. */
  readonly isCsv: boolean
}

export const plainStyle: Style = { ...localClock, isCsv: false }
