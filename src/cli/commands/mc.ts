/** `lastword mc`: the BMC itself. IPMI 2.0 rev 1.1, sections 20 and 22. */
import { bcdText } from '../../protocol/codec.ts'
import type { ResponseOf } from '../../protocol/command.ts'
import { ColdReset, GetSelfTestResults, WarmReset } from '../../protocol/commands/device.ts'
import { GetBmcGlobalEnables, SetBmcGlobalEnables } from '../../protocol/commands/messaging.ts'
import { assignments } from '../assignments.ts'
import { group, subcommand } from '../declare.ts'
import { hex, hexBytes } from '../hex.ts'
import { mcInfo } from '../ipmitool/mc-info.ts'
import { choice, onOrOff } from '../params.ts'
import { onOff } from '../phrase.ts'
import { guid } from './mc-guid.ts'
import { getsysinfo, setsysinfo } from './mc-sysinfo.ts'
import { watchdog } from './watchdog.ts'

const info = subcommand({
  name: 'info',
  summary: 'who the BMC is and what it can do (Get Device ID)',
  run: async ({ bmc, signal }) => (await bmc()).identify({ signal }),
  view: as =>
    as.record(
      ['device ID', id => id.deviceId],
      ['device revision', id => id.device.revision],
      ['firmware', id => `${id.firmware.major}.${bcdText(id.firmwareMinor)}`],
      ['IPMI version', id => id.ipmiVersion],
      ['manufacturer ID', id => `${id.manufacturerId} (${hex(id.manufacturerId, 6)})`],
      ['product ID', id => `${id.productId} (${hex(id.productId, 4)})`],
      ['available', id => !id.firmware.updateInProgress],
      ['provides device SDRs', id => id.device.providesSdrs],
      ['supports', id => supported(id.supports)],
      ['auxiliary firmware', id => (id.auxFirmware === undefined ? undefined : hexBytes(id.auxFirmware))],
    ),
  ipmitool: mcInfo,
})

function supported(supports: Readonly<Record<string, boolean>>): string {
  const words: Readonly<Record<string, string>> = {
    sensorDevice: 'sensor device',
    sdrRepository: 'SDR repository',
    sel: 'SEL',
    fruInventory: 'FRU inventory',
    ipmbEventReceiver: 'IPMB event receiver',
    ipmbEventGenerator: 'IPMB event generator',
    bridge: 'bridge',
    chassis: 'chassis',
  }
  return Object.entries(supports)
    .filter(([, yes]) => yes)
    .map(([name]) => words[name] ?? name)
    .join(', ')
}

const reset = subcommand({
  name: 'reset',
  summary: 'restarts the BMC',
  args: { kind: choice(['cold', 'warm'], 'cold: as if power had been off; warm: keeps what it was told') },
  async run({ bmc, signal }, { kind }) {
    await (await bmc()).run(kind === 'cold' ? ColdReset : WarmReset, {}, { signal })
    return { reset: kind }
  },
  view: as => as.lines(({ reset: kind }) => `The BMC makes a ${kind} reset.`),
})

const selfTestWords: Readonly<Record<string, string>> = {
  passed: 'passed',
  notImplemented: 'not implemented',
  corrupted: 'corrupted or inaccessible data or devices',
  fatal: 'fatal hardware error',
}

/** Bits 0 to 7 of the detail of `corrupted`. Section 20.4. */
const corruptedParts = [
  'controller operational firmware',
  'controller update boot block firmware',
  'internal use area of the BMC FRU',
  'SDR repository is empty',
  'IPMB lines',
  'BMC FRU device',
  'SDR repository',
  'SEL device',
] as const

function corrupted({ result, detail }: ResponseOf<typeof GetSelfTestResults>): string[] {
  return result === 'corrupted' ? corruptedParts.filter((_, bit) => (detail >> bit) & 1) : []
}

export const selftest = subcommand({
  name: 'selftest',
  summary: 'what the self test found',
  async run({ bmc, signal }) {
    const results = await (await bmc()).run(GetSelfTestResults, {}, { signal })
    return { ...results, corrupted: corrupted(results) }
  },
  view: as =>
    as.record(
      [
        'self test',
        ({ result }) => selfTestWords[result] ?? `device specific failure ${hex(Number(result))}`,
      ],
      ['detail', ({ result, detail }) => (result === 'passed' ? undefined : hex(detail))],
      ['affected', ({ corrupted: parts }) => (parts.length === 0 ? undefined : parts.join('\n'))],
    ),
})

/** ipmitool's words, and what they are called in the specification. Section 22.1. */
const enableWords = {
  recv_msg_intr: 'receiveMessageInterrupt',
  event_msg_intr: 'eventMessageBufferFullInterrupt',
  event_msg: 'eventMessageBuffer',
  system_event_log: 'systemEventLogging',
  oem0: 'oem0',
  oem1: 'oem1',
  oem2: 'oem2',
} as const

type EnableWord = keyof typeof enableWords
const enableNames = Object.keys(enableWords) as EnableWord[]

const getenables = subcommand({
  name: 'getenables',
  summary: 'which messages and events the BMC is to pass on',
  run: async ({ bmc, signal }) => (await (await bmc()).run(GetBmcGlobalEnables, {}, { signal })).enables,
  view: as =>
    as.record(
      ['recv_msg_intr', enables => onOff(enables.receiveMessageInterrupt)],
      ['event_msg_intr', enables => onOff(enables.eventMessageBufferFullInterrupt)],
      ['event_msg', enables => onOff(enables.eventMessageBuffer)],
      ['system_event_log', enables => onOff(enables.systemEventLogging)],
      ['oem0', enables => onOff(enables.oem0)],
      ['oem1', enables => onOff(enables.oem1)],
      ['oem2', enables => onOff(enables.oem2)],
    ),
})

const state = onOrOff('new state')

const setenables = subcommand({
  name: 'setenables',
  summary: 'changes what the BMC is to pass on; what is not named stays',
  args: {
    changes: assignments(
      {
        recv_msg_intr: state,
        event_msg_intr: state,
        event_msg: state,
        system_event_log: state,
        oem0: state,
        oem1: state,
        oem2: state,
      },
      'what is turned on or off',
      'atLeastOne',
    ),
  },
  async run({ bmc, signal }, { changes }) {
    const asked = enableNames.flatMap(name =>
      changes[name] === undefined ? [] : [[name, changes[name]] as const],
    )
    const open = await bmc()
    const { enables } = await open.run(GetBmcGlobalEnables, {}, { signal })
    const changed = Object.fromEntries(asked.map(([name, isOn]) => [enableWords[name], isOn]))
    await open.run(SetBmcGlobalEnables, { enables: { ...enables, ...changed } }, { signal })
    return Object.fromEntries(asked.map(([name, isOn]) => [name, onOff(isOn)]))
  },
  view: as =>
    as.lines(change =>
      Object.entries(change)
        .map(([name, now]) => `${name} is now ${now}`)
        .join('\n'),
    ),
})

export const mc = group('mc', 'the BMC itself: who it is, reset, self test, watchdog', [
  info,
  reset,
  selftest,
  guid,
  watchdog,
  getenables,
  setenables,
  getsysinfo,
  setsysinfo,
])
