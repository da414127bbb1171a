/** QEMU's command line for the bench: one x86-64 machine, TCG, no devices but what a panic needs. */
import type { IpmiInterface } from './init-script.ts'

export interface MachineOptions {
  kernel: string
  initrd: string
  /** The kernel's command line; see `kernelCommandLine`. */
  append: string
  cpus?: number
  memoryMib?: number
  /** `counted`: 64 ns for each instruction, so that a machine put back goes the same way again; one CPU only. Default: `real`. */
  time?: 'real' | 'counted'
  /** `held`: no instruction is executed until somebody says so. Default: `at-once`. */
  begin?: 'at-once' | 'held'
  bmc: BmcOptions
}

export interface BmcOptions {
  interface: IpmiInterface
  /** `internal` is QEMU's own simulated BMC; an address is where a BMC listens with the VM serial protocol. */
  at: 'internal' | { host: string; port: number } | { path: string }
}

/** Where QEMU is to open its own sockets and files. */
export interface MachineFiles {
  qmp: string
  /** Gets what the guest writes to its second serial port. */
  secondSerial: string
  gdb?: { path: string } | { host: string; port: number }
  snapshotDrive?: string
}

export interface QemuVersion {
  major: number
  minor: number
}

export function parseQemuVersion(printed: string): QemuVersion {
  const [, major = '0', minor = '0'] = /version (\d+)\.(\d+)/.exec(printed) ?? []
  return { major: Number(major), minor: Number(minor) }
}

/** 64 ns an instruction: a slow processor, so that a driver's time-out of 5 s takes no longer than TCG takes to get there. */
const NS_PER_INSTRUCTION_LOG2 = 6

export function qemuArguments(options: MachineOptions, files: MachineFiles, qemu: QemuVersion): string[] {
  return [
    ...['-no-user-config', '-nodefaults', '-no-reboot', '-display', 'none'],
    // KVM may be present and still spin for ever, and only TCG stops at each instruction the same way everywhere.
    ...['-machine', 'q35', '-accel', 'tcg'],
    ...(options.time === 'counted' ? ['-icount', `shift=${NS_PER_INSTRUCTION_LOG2},sleep=on`] : []),
    ...['-smp', String(options.cpus ?? 1), '-m', String(options.memoryMib ?? 256)],
    ...(options.begin === 'held' ? ['-S'] : []),
    ...['-kernel', options.kernel, '-initrd', options.initrd, '-append', options.append],
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ...['-chardev', `file,id=second,path=${files.secondSerial}`, '-serial', 'chardev:second'],
    ...['-qmp', `unix:${files.qmp},server=on,wait=off`],
    ...gdbArguments(files.gdb),
    ...snapshotArguments(files.snapshotDrive),
    ...bmcArguments(options.bmc, qemu),
  ]
}

function gdbArguments(gdb: MachineFiles['gdb']): string[] {
  if (!gdb) return []
  const where = 'path' in gdb ? `path=${gdb.path}` : `host=${gdb.host},port=${gdb.port},nodelay=on`
  return ['-chardev', `socket,id=gdb,${where},server=on,wait=off`, '-gdb', 'chardev:gdb']
}

/** No device uses the drive: it is only where savevm puts its state, and nobody needs it after a loss of power. */
function snapshotArguments(path: string | undefined): string[] {
  return path ? ['-drive', `if=none,id=snapshots,format=qcow2,cache=unsafe,file=${path}`] : []
}

function bmcArguments(bmc: BmcOptions, qemu: QemuVersion): string[] {
  return [...bmcBackend(bmc.at, qemu), '-device', bmcFrontend[bmc.interface]]
}

/** The kernel finds the SSIF device by its ACPI entry only, which holds the address. */
const bmcFrontend: Readonly<Record<IpmiInterface, string>> = {
  kcs: 'isa-ipmi-kcs,bmc=bmc0',
  bt: 'isa-ipmi-bt,bmc=bmc0',
  ssif: 'smbus-ipmi,bmc=bmc0,address=0x20',
}

function bmcBackend(at: BmcOptions['at'], qemu: QemuVersion): string[] {
  if (at === 'internal') return ['-device', 'ipmi-bmc-sim,id=bmc0']
  const where = 'path' in at ? `path=${at.path}` : `host=${at.host},port=${at.port}`
  // Without it QEMU 7.2 crashes at the start when the BMC speaks first. The option was renamed in 9.2.
  const millisecondsKnown = qemu.major > 9 || (qemu.major === 9 && qemu.minor >= 2)
  const reconnect = millisecondsKnown ? 'reconnect-ms=1000' : 'reconnect=1'
  return ['-chardev', `socket,id=bmc,${where},${reconnect}`, '-device', 'ipmi-bmc-extern,id=bmc0,chardev=bmc']
}

export interface KernelCommandLineOptions {
  /** Seconds from the end of a panic to the reset; `at-once` resets with no delay. Default: 1. */
  resetAfterPanic?: 'never' | 'at-once' | number
  /** Further arguments, such as `nosmp`. */
  extra?: readonly string[]
}

/** Arguments that the bench needs: a console, our /init, fixed addresses, and a panic on an NMI. */
export function kernelCommandLine(options: KernelCommandLineOptions = {}): string {
  const after = options.resetAfterPanic ?? 1
  const seconds = after === 'never' ? 0 : after === 'at-once' ? -1 : after
  const fixed = ['console=ttyS0', 'rdinit=/init', 'nokaslr', 'unknown_nmi_panic=1', `panic=${seconds}`]
  return [...fixed, ...(options.extra ?? [])].join(' ')
}
