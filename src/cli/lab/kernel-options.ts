/** What `lastword lab kernel` is asked for where it cuts at exact instructions or at random moments. */
import type { KernelCut } from '../../lab/kernel/scenario.ts'

export interface KernelCutOptions {
  at?: string[]
  hit?: number
  /** Prints the kernel's variables at each place. */
  read?: boolean
  everyInstruction?: boolean
  everyStore?: boolean
  /** Of the instructions that `everyStore` leaves out, so many are cut all the same. */
  check?: number
  instructions?: { from: number; to: number }
  sample?: number
  random?: number
  traffic?: 'full' | 'slow'
  interface: 'kcs' | 'bt'
  panicOp: 'none' | 'event' | 'string'
  watchdog?: boolean
  cpus: 1 | 2
  /** Virtual machines that share a sweep's work. */
  jobs: number
  /** The policies' rows beside the kernel's. */
  compare?: boolean
  svg?: string
  json?: boolean
}

/** The command line as it is. */
export interface LabKernelOptions extends Omit<KernelCutOptions, 'cpus' | 'jobs'> {
  jobs?: number
  cut?: KernelCut[]
  cpus?: 'both' | '1' | '2'
  debian?: string
  kernel?: string
  modules?: string
  /** Files with the rows of other runs. */
  from?: string[]
}
