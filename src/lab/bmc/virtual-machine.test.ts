import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { connect } from '../../client/connect.ts'
import { describeNeeds } from '../kernel/needs-programs.ts'
import { QmpClient } from '../kernel/qmp.ts'
import { expectText, inTerminal } from '../lan/terminal.ts'
import { admin, ClientRig, quiet } from './client-rig.ts'
import { serialGuestDisk } from './serial-guest.ts'

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setTimeout(resolve, 20))
}

/** A BMC that owns a QEMU machine, whose serial port is where serial over LAN leads to. */
class OwnedMachine implements AsyncDisposable {
  readonly rig: ClientRig
  readonly #dir: string

  private constructor(rig: ClientRig, dir: string) {
    this.rig = rig
    this.#dir = dir
  }

  static async start(): Promise<OwnedMachine> {
    const dir = mkdtempSync(join(tmpdir(), 'lastword-vm-'))
    writeFileSync(join(dir, 'disk'), serialGuestDisk())
    const hostCommand = [
      'exec qemu-system-x86_64 -machine pc -accel tcg -m 16 -display none -nodefaults -no-user-config',
      `-drive file=${dir}/disk,format=raw,if=ide -serial unix:${dir}/serial,server=on`,
      `-qmp unix:${dir}/qmp,server=on,wait=off`,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is for the shell
      '-chardev socket,id=c0,host=127.0.0.1,port=${LASTWORD_VM##*:},reconnect=1',
      '-device ipmi-bmc-extern,id=bmc0,chardev=c0 -device isa-ipmi-kcs,bmc=bmc0',
    ].join(' ')
    const vm = { host: '127.0.0.1', port: 0 }
    const rig = await ClientRig.start({ vm, hostCommand, sol: `unix:${dir}/serial` })
    return new OwnedMachine(rig, dir)
  }

  get pid(): number | undefined {
    return this.rig.service.host!.pid
  }

  get isConnected(): boolean {
    return this.rig.service.vmServer!.isConnected
  }

  /** ipmitool, over lanplus. */
  async ipmitool(...args: string[]): Promise<string> {
    return quiet(await this.rig.ipmitool('lanplus', ...args))
  }

  /** Our own client's console. */
  async console() {
    const { host, port } = this.rig
    const bmc = await connect(`lanplus://${admin.name}@${host}:${port}`, { password: admin.password })
    return { bmc, stream: await bmc.sol() }
  }

  async qmp(): Promise<QmpClient> {
    const path = join(this.#dir, 'qmp')
    await until(() => existsSync(path))
    return QmpClient.connect({ path })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rig[Symbol.asyncDispose]()
    rmSync(this.#dir, { recursive: true })
  }
}

describeNeeds('qemu-system-x86_64', 'ipmitool')('a QEMU machine that its BMC owns', () => {
  it('is restarted by chassis power cycle from ipmitool, and is off and on by power off and on', async () => {
    await using machine = await OwnedMachine.start()
    const { rig } = machine
    await until(() => machine.isConnected)
    const first = machine.pid
    await machine.ipmitool('chassis', 'power', 'cycle')
    await until(() => rig.bmc.chassis.isOn && machine.pid !== first && machine.isConnected)
    const second = machine.pid
    assert.notEqual(second, undefined)
    await machine.ipmitool('chassis', 'power', 'off')
    await until(() => !machine.isConnected)
    assert.deepEqual([machine.pid, rig.bmc.chassis.isOn], [undefined, false])
    await machine.ipmitool('chassis', 'power', 'on')
    await until(() => machine.isConnected)
    assert.notEqual(machine.pid, second)
  })

  it('shows over serial over LAN what it says as it boots, and hears what is typed', async () => {
    await using machine = await OwnedMachine.start()
    const { bmc, stream } = await machine.console()
    await expectText(stream, 'guest is up')
    stream.write('who is there?')
    await expectText(stream, 'WHO')
    await machine.ipmitool('chassis', 'power', 'cycle')
    await expectText(stream, 'guest is up')
    stream.write('again')
    await expectText(stream, 'AGAIN')
    stream.destroy()
    await bmc.close()
  })

  it('feels reset, NMI, soft shutdown and attention, as ipmitool asks for them', async () => {
    await using machine = await OwnedMachine.start()
    const { bmc, stream } = await machine.console()
    await expectText(stream, 'guest is up')
    await machine.ipmitool('chassis', 'power', 'diag')
    await expectText(stream, 'NMI')
    await machine.ipmitool('chassis', 'power', 'reset')
    await expectText(stream, 'guest is up')
    // An event in the event message buffer is there for the host to fetch.
    await machine.ipmitool('raw', '6', '0x2e', '0x0c')
    await machine.ipmitool('event', '1')
    await expectText(stream, 'attention')
    const qmp = await machine.qmp()
    const pressed = new Promise<void>(resolve =>
      qmp.onEvent(({ name }) => {
        if (name === 'POWERDOWN') resolve()
      }),
    )
    await machine.ipmitool('chassis', 'power', 'soft')
    await pressed
    stream.destroy()
    await bmc.close()
  })

  it('shows itself to ipmitool sol activate', async () => {
    await using machine = await OwnedMachine.start()
    const { host, port } = machine.rig
    await inTerminal(
      `ipmitool -I lanplus -H ${host} -p ${port} -U ${admin.name} -P ${admin.password} sol activate`,
      [
        [/SOL Session operational[\s\S]*guest is up/, 'hello'],
        [/HELLO/, '\r~.'],
      ],
      /terminated ipmitool/,
    )
  })
})
