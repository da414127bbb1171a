/** The payload of a SOL packet. IPMI 2.0 rev 1.1, section 15.9, tables 15-2 and 15-3. */

export const SOL_HEADER_BYTES = 4
const SEQUENCE_BITS = 0x0f

/** The fourth byte, from the console. */
export const SolOperation = {
  Nack: 0x40,
  RingWor: 0x20,
  Break: 0x10,
  PauseCts: 0x08,
  DeassertDcdDsr: 0x04,
  FlushInbound: 0x02,
  FlushOutbound: 0x01,
} as const

/** The fourth byte, from the BMC. */
export const SolStatus = {
  Nack: 0x40,
  TransferUnavailable: 0x20,
  Deactivating: 0x10,
  TransmitOverrun: 0x08,
  Break: 0x04,
} as const

export interface SolPacket {
  /** 1 to 15; 0: it only acknowledges. */
  sequence: number
  /** 1 to 15; 0: it acknowledges nothing. */
  acknowledged: number
  acceptedCount: number
  /** Operation or status. */
  flags: number
  data: Uint8Array
}

export function encodeSol({ sequence, acknowledged, acceptedCount, flags, data }: SolPacket): Uint8Array {
  const payload = new Uint8Array(SOL_HEADER_BYTES + data.length)
  payload.set([sequence, acknowledged, acceptedCount, flags])
  payload.set(data, SOL_HEADER_BYTES)
  return payload
}

/** Null when it is cut off. */
export function decodeSol(payload: Uint8Array): SolPacket | null {
  if (payload.length < SOL_HEADER_BYTES) return null
  return {
    sequence: payload[0]! & SEQUENCE_BITS,
    acknowledged: payload[1]! & SEQUENCE_BITS,
    acceptedCount: payload[2]!,
    flags: payload[3]!,
    data: payload.subarray(SOL_HEADER_BYTES),
  }
}
