/** Bytes and numbers in hexadecimal, as the command line prints and takes them. */

export function hexByte(value: number): string {
  return value.toString(16).padStart(2, '0')
}

/** `0x0b`, `0x0042`. */
export function hex(value: number, digits = 2): string {
  return `0x${value.toString(16).padStart(digits, '0')}`
}

/** `20 81 02`. */
export function hexBytes(bytes: Uint8Array, separator = ' '): string {
  return Array.from(bytes, hexByte).join(separator)
}
