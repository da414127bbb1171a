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

/** Latin-1 text up to its end, with what is not printable shown as a dot. */
export function readableText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  const text = Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('latin1')
  return text.replace(/[^ -~\u00a0-\u00ff]/g, '.')
}
