/** C functions of the system's library, called by the optional library koffi, and memory that stays where it is. */
import { LastwordError } from '../protocol/error.ts'

/** Memory that stays where it is. */
export interface Fixed {
  readonly bytes: Uint8Array
  readonly address: bigint
}

export interface ForeignCall {
  (...args: unknown[]): unknown
  /** On a thread of Node's pool; the last argument is called at the end. */
  async(...args: unknown[]): void
}

export interface Foreign {
  /** Types are written as in C. */
  func(name: string, result: string, args: readonly string[]): ForeignCall
  /** What the last call failed with. */
  errno(): number
  allocate(bytes: number): Fixed
}

/** The data model whose structures are written byte by byte here: 64 bits, little-endian, Linux's generic numbers. */
const architectures: readonly string[] = ['x64', 'arm64']

/** The part of koffi that is used. */
interface Koffi {
  load(path: string | null): { func(name: string, result: string, args: readonly string[]): ForeignCall }
  alloc(type: string, length: number): unknown
  address(value: unknown): bigint
  view(pointer: unknown, length: number): ArrayBuffer
  errno(): number
}

/** Rejects with LastwordError NO_FFI where there is none. */
export async function loadForeign(): Promise<Foreign> {
  if (process.platform !== 'linux' || !architectures.includes(process.arch)) {
    throw noFfi(`nothing is known of C's calls on ${process.platform} ${process.arch}`)
  }
  try {
    return foreignBy((await import('koffi')).default)
  } catch (cause) {
    throw noFfi('the library koffi cannot be loaded', cause)
  }
}

function noFfi(why: string, cause?: unknown): LastwordError {
  return new LastwordError('NO_FFI', why, { cause, hint: 'Install without --omit=optional.' })
}

function foreignBy(koffi: Koffi): Foreign {
  const libc = koffi.load(null)
  return {
    func: (name, result, args) => libc.func(name, result, args),
    errno: () => koffi.errno(),
    allocate(bytes) {
      const pointer = koffi.alloc('uint8', bytes)
      return { bytes: new Uint8Array(koffi.view(pointer, bytes)), address: koffi.address(pointer) }
    },
  }
}
