/** The codes of the specification, written down a second time: appendix G for commands, table 5-2 for completion codes. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { catalogue, findCommand } from './catalogue.ts'
import { CompletionCode, CompletionCodeError, completionText } from './completion-code.ts'
import { messageTitle } from './message.ts'

/** netFn, command, least privilege level, name. U is user, O operator, A admin, - none (also before log-in). */
const commandTable = `
00 00 U Get Chassis Capabilities
00 01 U Get Chassis Status
00 02 O Chassis Control
00 03 O Chassis Reset
00 04 O Chassis Identify
00 05 A Set Chassis Capabilities
00 06 O Set Power Restore Policy
00 07 U Get System Restart Cause
00 08 O Set System Boot Options
00 09 O Get System Boot Options
00 0a A Set Front Panel Button Enables
00 0b A Set Power Cycle Interval
00 0f U Get POH Counter
04 00 A Set Event Receiver
04 01 U Get Event Receiver
04 02 O Platform Event
04 10 U Get PEF Capabilities
04 11 A Arm PEF Postpone Timer
04 12 A Set PEF Configuration Parameters
04 13 O Get PEF Configuration Parameters
04 14 A Set Last Processed Event ID
04 15 A Get Last Processed Event ID
04 16 A Alert Immediate
04 17 - PET Acknowledge
04 20 U Get Device SDR Info
04 21 U Get Device SDR
04 22 U Reserve Device SDR Repository
04 23 U Get Sensor Reading Factors
04 24 O Set Sensor Hysteresis
04 25 U Get Sensor Hysteresis
04 26 O Set Sensor Thresholds
04 27 U Get Sensor Thresholds
04 28 O Set Sensor Event Enable
04 29 U Get Sensor Event Enable
04 2a O Re-arm Sensor Events
04 2b U Get Sensor Event Status
04 2d U Get Sensor Reading
04 2e O Set Sensor Type
04 2f U Get Sensor Type
04 30 O Set Sensor Reading And Event Status
06 01 U Get Device ID
06 02 A Cold Reset
06 03 A Warm Reset
06 04 U Get Self Test Results
06 06 A Set ACPI Power State
06 07 U Get ACPI Power State
06 08 U Get Device GUID
06 22 O Reset Watchdog Timer
06 24 O Set Watchdog Timer
06 25 U Get Watchdog Timer
06 2e A Set BMC Global Enables
06 2f U Get BMC Global Enables
06 30 A Clear Message Flags
06 31 A Get Message Flags
06 32 A Enable Message Channel Receive
06 33 A Get Message
06 34 U Send Message
06 35 A Read Event Message Buffer
06 36 U Get BT Interface Capabilities
06 37 - Get System GUID
06 38 - Get Channel Authentication Capabilities
06 39 - Get Session Challenge
06 3a - Activate Session
06 3b C Set Session Privilege Level
06 3c C Close Session
06 3d U Get Session Info
06 40 A Set Channel Access
06 41 U Get Channel Access
06 42 U Get Channel Info
06 43 A Set User Access
06 44 O Get User Access
06 45 A Set User Name
06 46 O Get User Name
06 47 A Set User Password
06 48 U Activate Payload
06 49 U Deactivate Payload
06 4a U Get Payload Activation Status
06 4b U Get Payload Instance Info
06 4c A Set User Payload Access
06 4d O Get User Payload Access
06 4e U Get Channel Payload Support
06 4f U Get Channel Payload Version
06 50 U Get Channel OEM Payload Info
06 54 - Get Channel Cipher Suites
06 55 U Suspend/Resume Payload Encryption
06 52 O Master Write-Read
06 56 A Set Channel Security Keys
06 57 U Get System Interface Capabilities
06 58 A Set System Info Parameters
06 59 U Get System Info Parameters
0a 10 U Get FRU Inventory Area Info
0a 11 U Read FRU Data
0a 12 O Write FRU Data
0a 20 U Get SDR Repository Info
0a 21 U Get SDR Repository Allocation Info
0a 22 U Reserve SDR Repository
0a 23 U Get SDR
0a 24 O Add SDR
0a 25 O Partial Add SDR
0a 26 O Delete SDR
0a 27 O Clear SDR Repository
0a 28 U Get SDR Repository Time
0a 29 O Set SDR Repository Time
0a 2a O Enter SDR Repository Update Mode
0a 2b O Exit SDR Repository Update Mode
0a 2c O Run Initialization Agent
0a 40 U Get SEL Info
0a 41 U Get SEL Allocation Info
0a 42 U Reserve SEL
0a 43 U Get SEL Entry
0a 44 O Add SEL Entry
0a 45 O Partial Add SEL Entry
0a 46 O Delete SEL Entry
0a 47 O Clear SEL
0a 48 U Get SEL Time
0a 49 O Set SEL Time
0a 5a U Get Auxiliary Log Status
0a 5b A Set Auxiliary Log Status
0a 5c U Get SEL Time UTC Offset
0a 5d O Set SEL Time UTC Offset
0c 01 A Set LAN Configuration Parameters
0c 02 O Get LAN Configuration Parameters
0c 03 A Suspend BMC ARPs
0c 04 U Get IP/UDP/RMCP Statistics
0c 20 - SOL Activating
0c 21 A Set SOL Configuration Parameters
0c 22 U Get SOL Configuration Parameters
2c:dc 01 U Get DCMI Capabilities Info
2c:dc 02 U Get Power Reading
2c:dc 03 U Get Power Limit
2c:dc 04 O Set Power Limit
2c:dc 05 O Activate/Deactivate Power Limit
2c:dc 06 U Get Asset Tag
2c:dc 07 U Get DCMI Sensor Info
2c:dc 08 O Set Asset Tag
2c:dc 09 U Get Management Controller Identifier String
2c:dc 0a A Set Management Controller Identifier String
2c:dc 0b O Set Thermal Limit
2c:dc 0c U Get Thermal Limit
2c:dc 10 U Get Temperature Readings
2c:dc 12 A Set DCMI Configuration Parameters
2c:dc 13 U Get DCMI Configuration Parameters
`
  .trim()
  .split('\n')

const privilegeLetters = '-CUOA'
const hexByte = (value: number) => value.toString(16).padStart(2, '0')

describe('the codes of the catalogue', () => {
  const declared = catalogue.map(command => {
    const group = command.group === undefined ? '' : `:${hexByte(command.group)}`
    const codes = `${hexByte(command.netFn)}${group} ${hexByte(command.cmd)}`
    return `${codes} ${privilegeLetters[command.privilege]} ${command.name}`
  })

  it("are the specification's, as are the privilege levels", () => {
    assert.deepEqual(declared.toSorted(), commandTable.toSorted())
  })

  it('find a group extension by its defining body only', () => {
    assert.equal(findCommand(0x2c, 0x02, [0xdc])?.name, 'Get Power Reading')
    assert.equal(findCommand(0x2d, 0x02, [0xdc])?.name, 'Get Power Reading')
    assert.equal(findCommand(0x2c, 0x02, [0x00]), undefined)
    assert.equal(findCommand(0x2c, 0x02), undefined)
    assert.equal(messageTitle(Uint8Array.of(0xb0, 0x02, 0xdc, 1)), 'Group Extension/Get Power Reading')
    assert.equal(messageTitle(Uint8Array.of(0xb4, 0x02, 0x00, 0xdc)), 'Group Extension/Get Power Reading')
  })
})

const completionCodeTable: readonly (readonly [number, keyof typeof CompletionCode, string])[] = [
  [0x00, 'Ok', 'command completed normally'],
  [0xc0, 'NodeBusy', 'node busy'],
  [0xc1, 'InvalidCommand', 'invalid command'],
  [0xc2, 'InvalidForLun', 'command invalid for given LUN'],
  [0xc3, 'Timeout', 'timeout while processing command'],
  [0xc4, 'OutOfSpace', 'out of space'],
  [0xc5, 'ReservationCancelled', 'reservation cancelled or invalid reservation ID'],
  [0xc6, 'RequestTruncated', 'request data truncated'],
  [0xc7, 'RequestLengthInvalid', 'request data length invalid'],
  [0xc8, 'RequestLengthExceeded', 'request data field length limit exceeded'],
  [0xc9, 'ParameterOutOfRange', 'parameter out of range'],
  [0xca, 'CannotReturnRequestedBytes', 'cannot return number of requested data bytes'],
  [0xcb, 'NotPresent', 'requested sensor, data, or record not present'],
  [0xcc, 'InvalidDataField', 'invalid data field in request'],
  [0xcd, 'IllegalForSensor', 'command illegal for specified sensor or record type'],
  [0xce, 'ResponseNotProvided', 'command response could not be provided'],
  [0xcf, 'DuplicatedRequest', 'cannot execute duplicated request'],
  [0xd0, 'SdrUpdateMode', 'command response could not be provided, SDR repository in update mode'],
  [0xd1, 'FirmwareUpdateMode', 'command response could not be provided, device in firmware update mode'],
  [0xd2, 'InitInProgress', 'command response could not be provided, BMC initialization in progress'],
  [0xd3, 'DestinationUnavailable', 'destination unavailable'],
  [0xd4, 'InsufficientPrivilege', 'insufficient privilege level'],
  [0xd5, 'NotSupportedInState', 'command not supported in present state'],
  [0xd6, 'SubFunctionDisabled', 'parameter is illegal because command sub-function has been disabled'],
  [0xff, 'Unspecified', 'unspecified error'],
]

describe('the generic completion codes', () => {
  it("are the specification's, with its words", () => {
    const names = Object.fromEntries(completionCodeTable.map(([code, name]) => [name, code]))
    assert.deepEqual({ ...CompletionCode }, names)
    for (const [code, , words] of completionCodeTable) assert.equal(completionText(code), words)
  })

  it('each say what to do next', () => {
    for (const [code] of completionCodeTable.filter(([code]) => code !== 0))
      assert.match(new CompletionCodeError('Get Device ID', code).hint ?? '', /^[A-Z].*\.$/, String(code))
  })

  it('fall into ranges where they have no name', () => {
    assert.equal(completionText(0x01), 'device-specific (OEM) completion code')
    assert.equal(completionText(0x7e), 'device-specific (OEM) completion code')
    assert.equal(completionText(0x80), 'command-specific completion code')
    assert.equal(completionText(0xbe), 'command-specific completion code')
    assert.equal(completionText(0x7f), 'reserved completion code')
    assert.equal(completionText(0xd7), 'reserved completion code')
  })
})
