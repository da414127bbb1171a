/** The bench's numbered requests: Add SEL Entry with an OEM record that carries a serial number, so that a BMC can count. */

/** The type of the traffic's SEL records: OEM, without a time stamp (IPMI 2.0 rev 1.1, section 32.3). */
export const trafficRecordType = 0xe1

const netFnStorage = 0x0a
const cmdAddSelEntry = 0x44
const recordBytes = 16
const serialAt = 3

/** The record of request `serial`: record ID, type, then 13 bytes of ours, of which 4 are the serial number. */
export function trafficRecord(serial: number): Uint8Array {
  const record = new Uint8Array(recordBytes)
  record[2] = trafficRecordType
  new DataView(record.buffer).setUint32(serialAt, serial, true)
  record.set(Buffer.from('traffic'), serialAt + 4)
  return record
}

/** The serial number in a SEL record, or undefined when the record is not the traffic's. */
export function trafficSerial(record: Uint8Array): number | undefined {
  if (record.length < serialAt + 4 || record[2] !== trafficRecordType) return undefined
  return new DataView(record.buffer, record.byteOffset).getUint32(serialAt, true)
}

/** A file for `ipmitool exec` that sends the requests `first`, `first + 1`, … */
export function trafficExecFile(count: number, first = 1): string {
  const hex = (value: number) => `0x${value.toString(16).padStart(2, '0')}`
  const lines: string[] = []
  for (let serial = first; serial < first + count; serial++) {
    const bytes = [netFnStorage, cmdAddSelEntry, ...trafficRecord(serial)]
    lines.push(`raw ${bytes.map(hex).join(' ')}\n`)
  }
  return lines.join('')
}
