/** A way to a BMC, whichever it is: a request's bytes go in, the answer's come out. */
import type { IpmiAddr } from '../handler/user.ts'

export interface RequestOptions {
  /** Ends the wait; the request itself may still be executed. */
  signal?: AbortSignal
  /** Another controller than the BMC. */
  addr?: IpmiAddr
}

export interface Transport {
  /** Resolves with the body: completion code and data. Rejects with a LastwordError when there is no answer. */
  request(netFn: number, cmd: number, data: Uint8Array, options?: RequestOptions): Promise<Uint8Array>
  close(): Promise<void>
}
