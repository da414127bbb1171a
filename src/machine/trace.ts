/** Tracepoints: the named places at which a panic could cut a message's way. `--trace` and the Panic Lab listen here. */

/**
 * One name for each store that a panic could cut, in the order of a message's way.
 * The step numbers are those of the mail of 2015 (docs/panic.md).
 */
export const Point = {
  /** Entry to the handler's `smiSend`: nothing is stored yet (before step 1). */
  Send: 0,
  /** The ledger has the message: from here on it is accepted. */
  Accepted: 1,
  /** Inside a queue: the message points at its neighbour, nobody points at the message. */
  QueueLinking: 2,
  /** Inside a queue: the neighbour points at the message, the queue's end does not. */
  QueueLinked: 3,
  /** Inside a queue: the message is being taken off, one of two neighbours knows. */
  QueueUnlinking: 4,
  /** The handler's `currMsg` is set, the driver does not know (step 1 done, before step 2). */
  Sender: 5,
  /** The driver's `waitingMsg` is set (step 2 done, before step 3). */
  StartNext: 6,
  /** Both `currMsg` and `waitingMsg` of the driver hold the message (inside step 3). */
  CurrSet: 7,
  /** Entry to the machine's `start` (before step 4). */
  StartTransaction: 8,
  /** The machine has a copy of the request but is still idle (inside step 4). */
  MachineLoaded: 9,
  /** The machine holds the transaction, the ledger does not say so yet (step 4 done). */
  Started: 10,
  /** A register is about to be read or written (before step 5). */
  Register: 11,
  /** The transaction has completed, its result is not taken (`done`). */
  GetResult: 12,
  /** The result is in the message, the driver's `currMsg` still set. */
  ResultTaken: 13,
  /** The driver's `currMsg` is cleared, the handler's is not (`between`). */
  MsgReceived: 14,
  /** The handler's `currMsg` is cleared, the answer waits for its user (after step 5). */
  HandlerCleared: 15,
  /** A queued message has been taken off and is not `currMsg` yet. */
  NextPicked: 16,
  /** The answer is about to be given to its user. */
  Deliver: 17,
  /** The user has the answer, the message is not back in the pool. */
  Delivered: 18,
  /** A user is being added or taken away. */
  UserChange: 19,
  /** The driver begins to fetch flags, events or messages, or to check its enables. */
  Fetch: 20,
  /** Such a transaction of the driver's own has completed, its result is not taken. */
  FetchDone: 21,
  /** In a panic: what was cut is settled, the last words are about to be sent. */
  LastWords: 22,
} as const
export type Point = (typeof Point)[keyof typeof Point]

/** `subject` is the message's index in the pool, or -1 where no message is meant. */
export type TraceHook = (point: Point, subject: number) => void

/** What a machine is given at construction; while `hook` is null a tracepoint is one load and one branch. */
export class Trace {
  hook: TraceHook | null = null
}
