/** The system calls on a character device that Node lacks, ioctl and poll. */
import { LastwordError } from '../protocol/error.ts'
import { type Fixed, type Foreign, loadForeign } from './foreign.ts'

export interface DeviceCalls {
  allocate(bytes: number): Fixed
  /** 0, or the errno that the call failed with. */
  ioctl(fd: number, request: number, argument: bigint): number
  /** Resolves when something can be read, or after `ms`. */
  readable(fd: number, ms: number): Promise<void>
}

const POLLIN = 1
const EINTR = 4

/** Rejects with LastwordError NO_FFI where there is none. */
export async function loadDeviceCalls(): Promise<DeviceCalls> {
  const foreign = await loadForeign().catch((cause: LastwordError) => {
    throw new LastwordError('NO_FFI', `/dev/ipmi0 takes ioctl, which Node does not have: ${cause.message}`, {
      cause,
      hint: 'Install without --omit=optional, or go over the network (-H) or the registers (-I kcs).',
    })
  })
  return callsOf(foreign)
}

function callsOf(foreign: Foreign): DeviceCalls {
  const ioctl = foreign.func('ioctl', 'int', ['int', 'unsigned long', 'void *'])
  const poll = foreign.func('poll', 'int', ['void *', 'unsigned long', 'int'])
  const pollfd = foreign.allocate(8)
  return {
    allocate: bytes => foreign.allocate(bytes),
    ioctl(fd, request, argument) {
      for (;;) {
        if (ioctl(fd, request, argument) !== -1) return 0
        const errno = foreign.errno()
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
