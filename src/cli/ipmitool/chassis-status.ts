/** `chassis status` as ipmitool prints it. IPMI 2.0 rev 1.1, section 28.2. */
import type { ResponseOf } from '../../protocol/command.ts'
import type { GetChassisStatus } from '../../protocol/commands/chassis.ts'

type ChassisStatus = ResponseOf<typeof GetChassisStatus>

const policies: Readonly<Record<string, string>> = {
  alwaysOff: 'always-off',
  previous: 'previous',
  alwaysOn: 'always-on',
}

const activity = (isActive: boolean) => (isActive ? 'active' : 'inactive')

export function chassisStatus({ power, lastEvent, chassis, frontPanel }: ChassisStatus): string {
  const lines = [
    `System Power         : ${power.isOn ? 'on' : 'off'}`,
    `Power Overload       : ${power.overload}`,
    `Power Interlock      : ${activity(power.interlock)}`,
    `Main Power Fault     : ${power.fault}`,
    `Power Control Fault  : ${power.controlFault}`,
    `Power Restore Policy : ${policies[power.restorePolicy] ?? 'unknown'}`,
    `Last Power Event     : ${lastEventText(lastEvent)}`,
    `Chassis Intrusion    : ${activity(chassis.intrusion)}`,
    `Front-Panel Lockout  : ${activity(chassis.frontPanelLockout)}`,
    `Drive Fault          : ${chassis.driveFault}`,
    `Cooling/Fan Fault    : ${chassis.coolingFault}`,
    ...(frontPanel === undefined ? [] : frontPanelLines(frontPanel)),
  ]
  return `${lines.join('\n')}\n`
}

function lastEventText(event: ChassisStatus['lastEvent']): string {
  const words: [boolean, string][] = [
    [event.acFailed, 'ac-failed '],
    [event.overload, 'overload '],
    [event.interlock, 'interlock '],
    [event.fault, 'fault '],
    [event.ipmiCommand, 'command'],
  ]
  return words.map(([isSo, word]) => (isSo ? word : '')).join('')
}

function frontPanelLines(panel: NonNullable<ChassisStatus['frontPanel']>): string[] {
  if (Object.values(panel).every(isSet => !isSet)) return ['Front Panel Control  : none']
  const allowed = (isAllowed: boolean) => (isAllowed ? 'allowed' : 'not allowed')
  return [
    `Sleep Button Disable : ${allowed(panel.standbyDisableAllowed)}`,
    `Diag Button Disable  : ${allowed(panel.diagnosticInterruptDisableAllowed)}`,
    `Reset Button Disable : ${allowed(panel.resetDisableAllowed)}`,
    `Power Button Disable : ${allowed(panel.powerOffDisableAllowed)}`,
    `Sleep Button Disabled: ${panel.standbyDisabled}`,
    `Diag Button Disabled : ${panel.diagnosticInterruptDisabled}`,
    `Reset Button Disabled: ${panel.resetDisabled}`,
    `Power Button Disabled: ${panel.powerOffDisabled}`,
  ]
}
