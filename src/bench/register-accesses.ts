/** Register accesses of one KCS message, against the fewest that section 9.15 of the specification allows. */
import { FaultHost } from '../lab/faults/host.ts'
import type { Figure } from './figure.ts'

/**
 * The flow charts ask for a status read before the first write and after each write, one write for each request byte
 * and two control codes, and for each response byte a read and a write; the last read takes the dummy byte.
 */
export function fewestAccesses(requestBytes: number, responseBytes: number): number {
  return 2 * requestBytes + 3 * responseBytes + 6
}

export function registerAccesses(): Figure[] {
  let accesses = 0
  const host = new FaultHost({
    port: registers => ({
      inb(offset) {
        accesses++
        return registers.inb(offset)
      },
      outb(offset, value) {
        accesses++
        registers.outb(offset, value)
      },
    }),
  })
  const messages = [
    { name: 'Get Device ID', netFn: 0x06, cmd: 0x01, data: new Uint8Array(0) },
    { name: 'Add SEL Entry', netFn: 0x0a, cmd: 0x44, data: new Uint8Array(16).fill(0xe0) },
  ]
  return messages.map(({ name, ...request }) => {
    const count = 1000
    accesses = 0
    let responseBytes = 0
    for (let i = 0; i < count; i++) {
      const ended = host.send(request)
      while (ended.times === 0) host.turn(0)
      responseBytes = 2 + ended.body.length
    }
    const fewest = fewestAccesses(2 + request.data.length, responseBytes)
    const each = accesses / count
    return {
      name: `register accesses of ${name} over KCS`,
      value: `${each}`,
      against: `${(each / fewest).toFixed(3)} of the fewest, ${fewest} (goal: at most 1.05)`,
    }
  })
}
