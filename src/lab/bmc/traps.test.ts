import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { decodePet } from '../../protocol/pet/pet.ts'
import { describeNeeds } from '../kernel/needs-programs.ts'
import { ClientRig, quiet, steadyConfig } from './client-rig.ts'

/** Octets of a trap's variable, before its custom fields. */
const VARIABLE_BYTES = 46

function heatUp({ bmc }: ClientRig, value: number): void {
  const sensor = bmc.sensors.byName('CPU2 Temp')
  assert.ok(sensor?.kind === 'analog')
  bmc.sensors.setValue(sensor, value)
}

/** The words that ipmi-pet takes: the specific trap, and the octets of the variable, which are a trap's last. */
function petWords(trap: Uint8Array): string[] {
  const { sensorType, eventType, isDeassertion, offset, custom } = decodePet(trap)
  const specific = (sensorType << 16) | (eventType << 8) | (isDeassertion ? 0x80 : 0) | offset
  const variable = trap.subarray(-VARIABLE_BYTES - custom.length)
  return [String(specific), ...Array.from(variable, byte => byte.toString(16))]
}

describeNeeds(
  'ipmi-pet',
  'ipmi-config',
  'ipmitool',
)('the trap of an event', () => {
  it('is read by ipmi-pet, with the alert string that ipmi-config gave to the policy', async () => {
    const config = steadyConfig({ pef: { enabled: true, destinations: [{ address: '192.0.2.7' }] } })
    await using rig = await ClientRig.start({ config })
    const traps: Uint8Array[] = []
    rig.bmc.listen({ onTrap: trap => traps.push(trap) })
    const set = async (...pairs: string[]) => {
      const words = pairs.flatMap(pair => ['-e', pair])
      assert.equal(quiet(await rig.freeipmi('ipmi-config', '--category=pef', '--commit', ...words)), '')
    }
    await set('Alert_String_3:Alert_String=overheated', 'Alert_Policy_1:Alert_String_Set_Selector=3')
    await set('Event_Filter_1:Event_Severity=Critical')
    heatUp(rig, 93)
    const cache = ['--quiet-cache', `--sdr-cache-directory=${rig.dir}`]
    const said = quiet(await rig.freeipmi('ipmi-pet', ...cache, '-vv', ...petWords(traps.at(-1)!)))
    assert.match(
      said,
      /CPU2 Temp +\| Temperature .*\| Critical condition .*\| Upper Critical - going high \| Sensor Reading = 93\.00 C \| Threshold = 92\.00 C ; overheated\n/,
    )
  })

  it('is acknowledged by ipmi-pet, and comes no more', async () => {
    const pef = { enabled: true, destinations: [{ address: '192.0.2.7', acknowledge: true }] }
    await using rig = await ClientRig.start({ config: steadyConfig({ pef }) })
    const traps: Uint8Array[] = []
    rig.bmc.listen({ onTrap: trap => traps.push(trap) })
    heatUp(rig, 93)
    assert.equal(rig.bmc.pef.alerts.status, 'inProgress')
    const words = petWords(traps.at(-1)!)
    quiet(await rig.freeipmi('ipmi-pet', '--quiet-cache', `--sdr-cache-directory=${rig.dir}`, ...words))
    quiet(await rig.freeipmi('ipmi-pet', '--pet-acknowledge', ...words))
    assert.equal(rig.bmc.pef.alerts.status, 'normalEnd')
  })

  it('is followed by what its filter does: a reset and a shutdown that ipmitool sees', async () => {
    await using rig = await ClientRig.start({ config: steadyConfig({ pef: { enabled: true } }) })
    const filter = (n: number, ...pairs: string[]) => pairs.map(pair => `Event_Filter_${n}:${pair}`)
    const set = async (pairs: string[]) => {
      const words = pairs.flatMap(pair => ['-e', pair])
      assert.equal(quiet(await rig.freeipmi('ipmi-config', '--category=pef', '--commit', ...words)), '')
    }
    const cpu2 = String(rig.bmc.sensors.byName('CPU2 Temp')!.number)
    await set(filter(2, `Sensor_Number=${cpu2}`, 'Event_Filter_Action_Reset=Yes', 'Enable_Filter=Yes'))
    heatUp(rig, 93)
    assert.match(quiet(await rig.ipmitool('lanplus', 'chassis', 'restart_cause')), /reset via PEF/i)
    heatUp(rig, 50)
    await set(filter(2, 'Event_Filter_Action_Reset=No', 'Event_Filter_Action_Power_Off=Yes'))
    heatUp(rig, 93)
    assert.match(quiet(await rig.ipmitool('lanplus', 'chassis', 'power', 'status')), /is off/)
  })
})

/** Where traps arrive, which is root's to open. */
const trapPort = process.getuid?.() === 0 ? {} : { skip: 'port 162 is for root only' }

describe('a trap', trapPort, () => {
  it('is a datagram at port 162 of the destination', async () => {
    const pef = { enabled: true, destinations: [{ address: '127.46.0.9' }] }
    const socket = createSocket('udp4')
    socket.bind(162, '127.46.0.9')
    await once(socket, 'listening')
    await using rig = await ClientRig.start({
      config: steadyConfig({ pef }),
    })
    const arrived = once(socket, 'message') as Promise<[Buffer]>
    heatUp(rig, 93)
    const [datagram] = await arrived
    const { community, agentAddress, eventData } = decodePet(datagram)
    assert.deepEqual([community, agentAddress, eventData[1]], ['public', '127.0.0.1', 93])
    socket.close()
  })
})
