/** Where the host's side of a KCS transfer can stand. IPMI 2.0 rev 1.1, section 9.15. */

/** Where a transfer stands. Each name ends where the flow charts of section 9.15 wait for IBF. */
export const Phase = {
  Idle: 0,
  /** A request is held, no register has been touched for it. */
  StartOp: 1,
  WaitWriteStart: 2,
  WaitWrite: 3,
  WaitWriteEnd: 4,
  WaitRead: 5,
  /** Something went wrong: let IBF clear, then abort. */
  Error0: 6,
  Error1: 7,
  Error2: 8,
  Error3: 9,
} as const
export type Phase = (typeof Phase)[keyof typeof Phase]

/** For people, by phase. */
export const phaseNames: readonly string[] = [
  'idle',
  'before the first byte',
  'starting to write',
  'writing',
  'writing the last byte',
  'reading',
  'waiting to abort',
  'aborting',
  'reading the error code',
  'ending the abort',
]
