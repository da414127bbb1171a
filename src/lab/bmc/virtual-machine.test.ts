import assert from 'node:assert/strict'
import { it } from 'node:test'
import { describeNeeds } from '../kernel/needs-programs.ts'
import { ClientRig } from './client-rig.ts'

/** A machine without a guest: what is shown is that it runs, and that its KCS device is at our BMC. */
const qemu = [
  'exec qemu-system-x86_64 -machine q35 -S -accel tcg -display none -nodefaults -monitor none',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is for the shell
  '-chardev socket,id=c0,host=127.0.0.1,port=${LASTWORD_VM##*:},reconnect=1',
  '-device ipmi-bmc-extern,id=bmc0,chardev=c0 -device isa-ipmi-kcs,bmc=bmc0',
].join(' ')

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setTimeout(resolve, 20))
}

describeNeeds('qemu-system-x86_64', 'ipmitool')('a QEMU machine that its BMC owns', () => {
  it('is restarted by chassis power cycle from ipmitool, and is off and on by power off and on', async () => {
    await using rig = await ClientRig.start({
      vm: { host: '127.0.0.1', port: 0 },
      hostCommand: qemu,
    })
    const { service } = rig
    await until(() => service.vmServer!.isConnected)
    const first = service.host!.pid
    const power = async (what: string) => {
      const { exitCode, stderr } = await rig.ipmitool('lanplus', 'chassis', 'power', what)
      assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' })
    }
    await power('cycle')
    await until(() => rig.bmc.chassis.isOn && service.host!.pid !== first && service.vmServer!.isConnected)
    const second = service.host!.pid
    assert.notEqual(second, undefined)
    await power('off')
    await until(() => !service.vmServer!.isConnected)
    assert.deepEqual([service.host!.pid, rig.bmc.chassis.isOn], [undefined, false])
    await power('on')
    await until(() => service.vmServer!.isConnected)
    assert.notEqual(service.host!.pid, second)
  })
})
