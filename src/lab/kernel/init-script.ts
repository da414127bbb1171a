/** The text of the bench's /init: loads the IPMI drivers, prints symbols, starts traffic, and panics when told to. */

export type IpmiInterface = 'kcs' | 'bt' | 'ssif'

export interface InitOptions {
  interface: IpmiInterface
  /** What `ipmi_msghandler` sends on a panic: its module parameter `panic_op`. */
  panicOp: 'none' | 'event' | 'string'
  /** `started`: `ipmi_watchdog` is loaded and the timer runs, long enough never to bite on its own. Default: `off`. */
  watchdog?: 'off' | 'started'
  /**
   * Numbered requests through /dev/ipmi0: `full` sends them back to back, `slow` one a second. When the last one is
   * answered, the guest says so (`marker.trafficEnd`) and idles. Default: `none`.
   */
  traffic?: 'none' | 'full' | 'slow'
  /** The CPU that the traffic is bound to; the scheduler's choice by default. */
  trafficCpu?: number
  /** `when-told`: traffic waits until a line arrives at the serial port. Default: `at-once`. */
  start?: 'at-once' | 'when-told'
  /** `sysrq` panics from inside, so many milliseconds after the start; `outside` leaves it to an NMI. Default: `outside`. */
  panic?: { by: 'outside' } | { by: 'sysrq'; afterMs: number; cpu?: number }
  /** Whether the guest prints its symbols before traffic starts, which takes one to three seconds. Default: `silent`. */
  symbols?: 'silent' | 'printed'
  /** `zeroed`: what the boot left behind in free memory is overwritten, so that a snapshot is half as large. Default: `left`. */
  freeMemory?: 'left' | 'zeroed'
}

/** Each line that the guest says to us starts with this, so that the kernel's own lines are told apart. */
export const markerPrefix = '@lastword '

/** What the guest says, in the order in which it comes. */
export const marker = {
  booted: `${markerPrefix}booted`,
  interfaceFound: `${markerPrefix}interface-found`,
  interfaceMissing: `${markerPrefix}interface-missing`,
  /** The second serial port has the symbols, as gzip of lines of /proc/kallsyms and /proc/modules. */
  symbolsPrinted: `${markerPrefix}symbols-printed`,
  /** Follows when `start` is `when-told`: the guest waits for a line. */
  waiting: `${markerPrefix}waiting`,
  started: `${markerPrefix}started`,
  panicking: `${markerPrefix}panicking`,
  trafficEnd: `${markerPrefix}traffic-end`,
} as const

/** Where the initramfs has what the script uses. */
export const guestPath = {
  modules: '/modules',
  traffic: '/traffic.ipmitool',
} as const

/** Longer than any run, so that the watchdog's own time-out never mixes in. */
const watchdogTimeoutS = 3600
const interfaceWaitTenths = 200
/** More than the kernel wants to keep free. */
const reserveKib = 8 * 1024

/** The modules that these options load, before their dependencies are added. */
export function modulesFor(options: InitOptions): string[] {
  const driver = options.interface === 'ssif' ? ['i2c-i801', 'ipmi_ssif'] : ['ipmi_si']
  const watchdog = options.watchdog === 'started' ? ['ipmi_watchdog'] : []
  return ['ipmi_msghandler', 'ipmi_devintf', ...driver, ...watchdog]
}

/** The script; `moduleFiles` are the file names of the modules in the order in which they can be loaded. */
export function initScript(options: InitOptions, moduleFiles: readonly string[]): string {
  const parts = [
    prologue,
    // Where the watchdog is started, its module comes after the interface was found, or it would not bind at once.
    ...moduleFiles.filter(file => !isWatchdog(file)).map(file => insmod(file, options)),
    waitForInterface,
    ...moduleFiles.filter(isWatchdog).map(file => insmod(file, options)),
    // Behind the last module, whose symbols would be missing.
    ...(options.symbols === 'printed' ? [printSymbols] : []),
    ...(options.freeMemory === 'zeroed' ? [zeroFreeMemory] : []),
    ...(options.start === 'when-told' ? [`echo '${marker.waiting}'`, 'read -r _'] : []),
    `echo '${marker.started}'`,
    traffic(options),
    panicFromInside(options),
    'wait',
    'while :; do sleep 3600; done',
  ]
  return `${parts.filter(Boolean).join('\n')}\n`
}

const prologue = `#!/bin/sh
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
# From here on the serial port is ours: a kernel message would break into our lines.
dmesg -n 1
stty -echo
echo "${marker.booted} $(uname -r)"`

const waitForInterface = `tenths=0
while [ ! -c /dev/ipmi0 ]; do
  if [ $tenths -ge ${interfaceWaitTenths} ]; then
    dmesg | grep -i -e ipmi -e i801 | tail -n 12
    echo '${marker.interfaceMissing}'
    while :; do sleep 3600; done
  fi
  tenths=$((tenths + 1))
  sleep 0.1
done
echo '${marker.interfaceFound}'`

function isWatchdog(file: string): boolean {
  return file === 'ipmi_watchdog.ko'
}

function insmod(file: string, options: InitOptions): string {
  const parameters: Record<string, string> = {
    'ipmi_msghandler.ko': ` panic_op=${options.panicOp}`,
    'ipmi_watchdog.ko': ` start_now=1 timeout=${watchdogTimeoutS}`,
  }
  return `insmod ${guestPath.modules}/${file}${parameters[file] ?? ''}`
}

/**
 * All functions, the IPMI modules' data, and how far modules reach, 50,000 lines or more: packed, since a serial port takes half a megabyte
 * a second, and through the second one, so that the console stays readable.
 */
const printSymbols = `echo 0 > /proc/sys/kernel/kptr_restrict
stty -F /dev/ttyS1 raw -echo
{ grep -E ' [tTwW] |\\[ipmi_' /proc/kallsyms; cat /proc/modules; } | gzip -1 > /dev/ttyS1
echo '${marker.symbolsPrinted}'`

/** Fills what is free but for a reserve with a file of zeros, and removes it. */
const zeroFreeMemory = `while read -r name kib _; do [ "$name" = MemFree: ] && break; done < /proc/meminfo
mkdir /zeros
mount -t tmpfs -o size=$((kib - ${reserveKib}))k zeros /zeros
cat /dev/zero > /zeros/file 2> /dev/null
rm /zeros/file`

function traffic(options: InitOptions): string {
  const kind = options.traffic ?? 'none'
  if (kind === 'none') return ''
  const send = `${bindTo(options.trafficCpu)}ipmitool exec`
  const run =
    kind === 'full'
      ? `${send} ${guestPath.traffic} > /dev/null`
      : // ipmitool has no pause of its own, so it is fed a line a second.
        `mkfifo /slow; while read -r line; do echo "$line"; sleep 1; done < ${guestPath.traffic} > /slow & ${send} /slow > /dev/null`
  return `{ ${run}; echo '${marker.trafficEnd}'; } &`
}

function panicFromInside({ panic }: InitOptions): string {
  if (panic?.by !== 'sysrq') return ''
  return [
    `sleep ${panic.afterMs / 1000}`,
    `echo '${marker.panicking}'`,
    `${bindTo(panic.cpu)}sh -c 'echo c > /proc/sysrq-trigger'`,
  ].join('\n')
}

function bindTo(cpu: number | undefined): string {
  return cpu === undefined ? '' : `taskset 0x${(2 ** cpu).toString(16)} `
}
