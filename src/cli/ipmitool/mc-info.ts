/** `mc info` as ipmitool prints it. IPMI 2.0 rev 1.1, section 20.1. */
import { bcdText } from '../../protocol/codec.ts'
import type { ResponseOf } from '../../protocol/command.ts'
import type { GetDeviceId } from '../../protocol/commands/device.ts'
import { hex } from './c-number.ts'
import { manufacturerName } from './manufacturers.ts'
import { productName } from './products.ts'

type DeviceId = ResponseOf<typeof GetDeviceId>

/** In the order of their bits. */
const supportWords: readonly (readonly [keyof DeviceId['supports'], string])[] = [
  ['sensorDevice', 'Sensor Device'],
  ['sdrRepository', 'SDR Repository Device'],
  ['sel', 'SEL Device'],
  ['fruInventory', 'FRU Inventory Device'],
  ['ipmbEventReceiver', 'IPMB Event Receiver'],
  ['ipmbEventGenerator', 'IPMB Event Generator'],
  ['bridge', 'Bridge'],
  ['chassis', 'Chassis Device'],
]

export function mcInfo(id: DeviceId): string {
  const { device, firmware, manufacturerId, productId, supports } = id
  const lines = [
    `Device ID                 : ${id.deviceId}`,
    `Device Revision           : ${device.revision}`,
    `Firmware Revision         : ${firmware.major}.${bcdText(id.firmwareMinor)}`,
    `IPMI Version              : ${id.ipmiVersion}`,
    `Manufacturer ID           : ${manufacturerId}`,
    `Manufacturer Name         : ${manufacturerName(manufacturerId)}`,
    `Product ID                : ${productId} (0x${hex(productId, 4)})`,
    `Product Name              : ${productName(manufacturerId, productId)}`,
    `Device Available          : ${firmware.updateInProgress ? 'no' : 'yes'}`,
    `Provides Device SDRs      : ${device.providesSdrs ? 'yes' : 'no'}`,
    'Additional Device Support :',
    ...supportWords.filter(([name]) => supports[name]).map(([, words]) => `    ${words}`),
  ]
  if (id.auxFirmware) {
    lines.push('Aux Firmware Rev Info     : ')
    for (const byte of id.auxFirmware) lines.push(`    0x${hex(byte, 2)}`)
  }
  return `${lines.join('\n')}\n`
}
