import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { waitForInterface } from './guest-boot.ts'
import { marker } from './init-script.ts'
import { SerialConsole } from './serial-console.ts'

function machineThatPrints(text: string, secondSerial: Uint8Array = new Uint8Array()) {
  const input = new PassThrough()
  input.end(text)
  const console = new SerialConsole(input, new PassThrough())
  return { console, readSecondSerial: () => Promise.resolve(Buffer.from(secondSerial)) }
}

describe('a booting guest', () => {
  it('is ready when it found its interface', async () => {
    const printed = `[    0.0] Linux version\n${marker.booted} 6.1.0-56-amd64\n${marker.interfaceFound}\n`
    const { release, symbols } = await waitForInterface(machineThatPrints(printed))
    assert.equal(release, '6.1.0-56-amd64')
    assert.equal(symbols.symbols.length, 0)
  })

  it('brings its symbols when it prints them', async () => {
    const printed = `${marker.booted} 6.1\n${marker.interfaceFound}\n${marker.symbolsPrinted}\n`
    const packed = gzipSync('ffffffffc0200000 t smi_send\t[ipmi_msghandler]\n')
    const { symbols } = await waitForInterface(machineThatPrints(printed, packed), { symbols: 'printed' })
    assert.equal(symbols.resolve('smi_send'), 0xffffffffc0200000n)
  })

  it('whose symbols were damaged on the way says so', async () => {
    const printed = `${marker.booted} 6.1\n${marker.interfaceFound}\n${marker.symbolsPrinted}\n`
    const machine = machineThatPrints(printed, Buffer.from('damaged'))
    await assert.rejects(waitForInterface(machine, { symbols: 'printed' }), { code: 'SYMBOLS_UNREADABLE' })
  })

  it('that panics before /init is reported with its panic', async () => {
    const printed =
      '[ 1.0] Kernel panic - not syncing: No working init found.\n[ 1.1] Rebooting in 1 seconds..\n'
    await assert.rejects(waitForInterface(machineThatPrints(printed)), {
      code: 'KERNEL_DID_NOT_BOOT',
      message: /No working init found/,
    })
  })

  it('that prints nothing is reported as such', async () => {
    await assert.rejects(waitForInterface(machineThatPrints('')), {
      code: 'KERNEL_DID_NOT_BOOT',
      message: /stayed empty/,
    })
  })

  it('that finds no interface is reported with what its driver said', async () => {
    const printed = `${marker.booted} 6.1\n[ 2.0] ipmi_si: Unable to find any System Interface(s)\n${marker.interfaceMissing}\n`
    await assert.rejects(waitForInterface(machineThatPrints(printed)), {
      code: 'INTERFACE_MISSING',
      message: /Unable to find any System Interface/,
    })
  })

  it('whose modules were stripped of their symbols says so', async () => {
    const printed = `${marker.booted} 6.1\n[ 2.0] ipmi_si: module has no symbols (stripped?)\n${marker.interfaceMissing}\n`
    await assert.rejects(waitForInterface(machineThatPrints(printed)), {
      code: 'SYMBOLS_STRIPPED',
      message: "The kernel did not take its IPMI modules: 'ipmi_si: module has no symbols (stripped?)'",
    })
  })
})
