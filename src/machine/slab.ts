/** Memory for packets, cut one after the other from bigger pieces: memory of its own costs more than a packet does. */

const SLAB_BYTES = 1 << 16

let slab = new ArrayBuffer(0)
let at = 0

/** Nobody else has these bytes, or ever will. A packet that is kept keeps its whole piece: keep a copy. */
export function cutBytes(length: number): Uint8Array {
  if (at + length > slab.byteLength) {
    if (length > SLAB_BYTES) return new Uint8Array(length)
    slab = new ArrayBuffer(SLAB_BYTES)
    at = 0
  }
  const bytes = new Uint8Array(slab, at, length)
  at += length
  return bytes
}
