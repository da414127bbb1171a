/** The system calls on a character device that Node lacks, ioctl and poll, by the optional library koffi. */
import { LastwordError } from '../protocol/error.ts'

/** Memory that stays where it is. */
export interface Fixed {
  readonly bytes: Uint8Array
  readonly address: bigint
}

export interface DeviceCalls {
  allocate(bytes: number): Fixed
  /** 0, or the errno that the call failed with. */
  ioctl(fd: number, request: number, argument: bigint): number
  /** Resolves when something can be read, or after `ms`. */
  readable(fd: number, ms: number): Promise<void>
}

/** The data model whose structures `devintf/structs.ts` writes: 64 bits, little-endian, Linux's generic ioctl numbers. */
const architectures: readonly string[] = ['x64', 'arm64']

const POLLIN = 1
const EINTR = 4

/** Rejects with LastwordError NO_FFI where there is none. */
export async function loadDeviceCalls(): Promise<DeviceCalls> {
  if (process.platform !== 'linux' || !architectures.includes(process.arch)) {
    throw noFfi(`nothing is known of it on ${process.platform} ${process.arch}`)
  }
  try {
    return callsOf((await import('koffi')).default)
  } catch (cause) {
    throw noFfi('the library koffi cannot be loaded', cause)
  }
}

function noFfi(why: string, cause?: unknown): LastwordError {
  return new LastwordError('NO_FFI', `/dev/ipmi0 takes ioctl, which Node does not have: ${why}`, {
    cause,
    hint: 'Install without --omit=optional, or go over the network (-H) or the registers (-I kcs).',
  })
}

/** The part of koffi that is used. */
interface Ffi {
  load(path: string | null): { func(name: string, result: string, args: string[]): ForeignCall }
  alloc(type: string, length: number): unknown
  address(value: unknown): bigint
  view(pointer: unknown, length: number): ArrayBuffer
  errno(): number
}

interface ForeignCall {
  (...args: unknown[]): unknown
  async(...args: unknown[]): void
}

function callsOf(ffi: Ffi): DeviceCalls {
  const libc = ffi.load(null)
  const ioctl = libc.func('ioctl', 'int', ['int', 'unsigned long', 'void *'])
  const poll = libc.func('poll', 'int', ['void *', 'unsigned long', 'int'])
  const allocate = (bytes: number): Fixed => {
    const pointer = ffi.alloc('uint8', bytes)
    return { bytes: new Uint8Array(ffi.view(pointer, bytes)), address: ffi.address(pointer) }
  }
  const pollfd = allocate(8)
  return {
    allocate,
    ioctl(fd, request, argument) {
      for (;;) {
        if (ioctl(fd, request, argument) !== -1) return 0
        const errno = ffi.errno()
        if (errno !== EINTR) return errno
      }
    },
    readable: (fd, ms) =>
      new Promise(resolve => {
        const view = new DataView(pollfd.bytes.buffer)
        view.setInt32(0, fd, true)
        view.setInt16(4, POLLIN, true)
        // Whatever it ends with, the next ioctl tells.
        poll.async(pollfd.address, 1, ms, () => resolve())
      }),
  }
}
