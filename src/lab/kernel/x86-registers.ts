/** The general registers of an x86-64 processor, in the order in which GDB's `g` packet carries them. */
import { LastwordError } from '../../protocol/error.ts'

export const generalRegisters = [
  'rax',
  'rbx',
  'rcx',
  'rdx',
  'rsi',
  'rdi',
  'rbp',
  'rsp',
  'r8',
  'r9',
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
  'r15',
  'rip',
] as const

export type Registers = Record<(typeof generalRegisters)[number] | 'eflags', bigint>

const hexDigits = 16

export function parseRegisters(payload: string): Registers {
  const eflagsAt = generalRegisters.length * hexDigits
  if (payload.length < eflagsAt + 8) {
    throw new LastwordError(
      'GDB_REFUSED',
      `The GDB server sent ${payload.length} digits of registers, too few for x86-64`,
    )
  }
  const bytes = Buffer.from(payload.slice(0, eflagsAt + 8), 'hex')
  const registers: Partial<Registers> = {}
  generalRegisters.forEach((name, index) => {
    registers[name] = bytes.readBigUInt64LE(index * 8)
  })
  registers.eflags = BigInt(bytes.readUInt32LE(eflagsAt / 2))
  return registers as Registers
}
