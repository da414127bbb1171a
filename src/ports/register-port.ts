/** The smallest interface to hardware: one register read or written at an offset from the interface's base. */
export interface RegisterPort {
  inb(offset: number): number
  outb(offset: number, value: number): void
}
