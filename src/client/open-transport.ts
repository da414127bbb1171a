/** The way through Linux's own driver: turns messages of `/dev/ipmiN` into promises. */
import { IpmiDevice, MAX_MSG_BYTES } from '../devintf/ipmi-device.ts'
import { RESPONSE } from '../devintf/structs.ts'
import { bmcAddr } from '../handler/user.ts'
import { loadDeviceCalls } from '../ports/device-calls.ts'
import { LastwordError } from '../protocol/error.ts'
import { messageTitle, netFnLun } from '../protocol/message.ts'
import { Bmc, type BmcOptions } from './bmc.ts'
import { aborted, type RequestOptions, refuseTransit, type Transport, whenAborted } from './transport.ts'

/** The driver tries for about ten seconds, and tells when it gave up; this is for drivers that do not. */
const PATIENCE_MS = 30_000
/** So long a close may take, and so late an end of patience be seen. */
const SLICE_MS = 100
/** The interface carries one at a time; a few that wait keep it busy. */
const WINDOW = 4

type Device = Pick<IpmiDevice, 'path' | 'send' | 'receive' | 'readable' | 'close'>

interface Waiting {
  readonly title: string
  readonly deadlineMs: number
  settle(error: LastwordError | null, body: Uint8Array): void
}

/** `open://0`, `open:`, `open:///dev/ipmi1`. Rejects with LastwordError BAD_URL, NO_FFI or DEVICE_OPEN. */
export async function connectOpen(url: URL, options: BmcOptions = {}): Promise<Bmc> {
  const number = url.hostname === '' ? '0' : url.hostname
  const isFile = url.pathname.length > 1
  if (!isFile && !/^\d+$/.test(number)) {
    throw new LastwordError('BAD_URL', `${url.href}: open:// goes with the number of the device`, {
      hint: 'open://0 is /dev/ipmi0.',
    })
  }
  const path = isFile ? url.pathname : `/dev/ipmi${number}`
  const device = new IpmiDevice(path, await loadDeviceCalls())
  return new Bmc(new OpenTransport(device), `open://${path}`, options)
}

export class OpenTransport implements Transport {
  readonly window = WINDOW
  readonly #device: Device
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0
  #listening: Promise<void> | null = null
  #isClosed = false

  constructor(device: Device) {
    this.#device = device
  }

  request(netFn: number, cmd: number, data: Uint8Array, options: RequestOptions = {}): Promise<Uint8Array> {
    const { signal, addr = bmcAddr } = options
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(aborted(signal))
      const title = messageTitle(Uint8Array.of(netFnLun(netFn, 0), cmd))
      if (this.#isClosed) throw gone(this.#device.path, title)
      refuseTransit(addr)
      if (data.length > MAX_MSG_BYTES)
        throw new LastwordError(
          'REQUEST_BAD',
          `${title} has ${data.length} bytes, the driver takes ${MAX_MSG_BYTES}`,
        )
      const msgid = ++this.#lastId
      this.#device.send({ msgid, addr, netFn, cmd, data })
      this.#waiting.set(msgid, {
        title,
        deadlineMs: performance.now() + PATIENCE_MS,
        settle: (error, body) => {
          this.#waiting.delete(msgid)
          forget?.()
          if (error === null) resolve(body)
          else reject(error)
        },
      })
      const forget =
        signal && whenAborted(signal, () => this.#waiting.get(msgid)?.settle(aborted(signal), noBytes))
      this.#listening ??= this.#listen()
    })
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#endAll(title => gone(this.#device.path, title))
    await this.#listening
    this.#device.close()
  }

  async #listen(): Promise<void> {
    while (this.#waiting.size > 0) {
      try {
        await this.#device.readable(SLICE_MS)
        this.#takeAll()
      } catch (error) {
        this.#endAll(() => error as LastwordError)
      }
      this.#giveUpLate()
    }
    this.#listening = null
  }

  #takeAll(): void {
    for (let message = this.#device.receive(); message !== null; message = this.#device.receive()) {
      // An answer to a request that was given up is nobody's; events are not asked for.
      if (message.recvType === RESPONSE) this.#waiting.get(message.msgid)?.settle(null, message.data)
    }
  }

  #giveUpLate(): void {
    const now = performance.now()
    for (const { deadlineMs, title, settle } of [...this.#waiting.values()]) {
      if (now < deadlineMs) continue
      const message = `${this.#device.path}: ${title} got no answer from the driver`
      settle(new LastwordError('TIMEOUT', message, { hint: 'The BMC may have executed it.' }), noBytes)
    }
  }

  #endAll(errorOf: (title: string) => LastwordError): void {
    for (const { settle, title } of [...this.#waiting.values()]) settle(errorOf(title), noBytes)
  }
}

const noBytes = new Uint8Array(0)

function gone(path: string, title: string): LastwordError {
  return new LastwordError('INTERFACE_GONE', `${path}: ${title}: the connection is closed`)
}
