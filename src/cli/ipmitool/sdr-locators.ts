/** Records without a reading as ipmitool's `sdr list` and `sdr elist` print them. */
import type { OtherListed } from '../listed-records.ts'
import { hex } from './c-number.ts'

const byte = (value: number) => hex(value, 2).toUpperCase()

export function otherListLine(record: OtherListed): string {
  return `${nameOf(record)} | ${listValue(record)}\n`
}

function nameOf({ id }: OtherListed): string {
  return id.slice(0, 16).padEnd(16)
}

function listValue(record: OtherListed): string {
  switch (record.kind) {
    case 'eventOnly':
      return 'Event-Only        | ns'
    case 'mcLocator': {
      const { isStatic } = record.initialization
      return `${isStatic ? 'Static' : 'Dynamic'} MC @ ${byte(record.slaveAddress)}h ${isStatic ? ' ' : ''} | ok`
    }
    case 'fruLocator': {
      const { device, entity } = record
      const kind = device.isLogical ? 'Log' : 'Phy'
      return `${kind} FRU @${byte(device.fruId)}h ${hex(entity.id, 2)}.${hex(entity.instance, 1)} | ok`
    }
    case 'genericLocator':
      return `Generic @${addresses(record)}.${String(record.oem).padEnd(2)} | ok`
  }
}

function addresses({ device }: Extract<OtherListed, { kind: 'genericLocator' }>): string {
  return `${byte(device.accessAddress << 1)}:${byte((device.slaveAddress << 1) | device.channelHigh)}`
}

function elistStatus(record: OtherListed): string {
  return record.kind === 'mcLocator' ? 'ok' : 'ns'
}

export function otherElistLine(record: OtherListed): string {
  const { entity } = record
  const place = `${String(entity.id).padStart(2)}.${entity.instance}`
  return `${nameOf(record)} | ${numberOf(record)} | ${elistStatus(record).padEnd(3)} | ${place} | ${elistValue(record)}\n`
}

function numberOf(record: OtherListed): string {
  return `${byte(record.kind === 'eventOnly' ? record.sensorNumber : 0)}h`
}

function elistValue(record: OtherListed): string {
  switch (record.kind) {
    case 'eventOnly':
      return 'Event-Only'
    case 'mcLocator':
      return `${record.initialization.isStatic ? 'Static' : 'Dynamic'} MC @ ${byte(record.slaveAddress)}h`
    case 'fruLocator':
      return `${record.device.isLogical ? 'Logical' : 'Physical'} FRU @${byte(record.device.fruId)}h`
    case 'genericLocator': {
      const [access, slave] = addresses(record).split(':')
      return `Generic Device @${access}h:${slave}h.${record.oem}`
    }
  }
}

/** With -c, of both commands. */
export function otherCsvLine(record: OtherListed): string {
  const { id, entity } = record
  const columns = [id.slice(0, 16), numberOf(record), elistStatus(record), `${entity.id}.${entity.instance}`]
  return `${[...columns, ...(record.kind === 'eventOnly' ? ['Event-Only'] : [])].join(',')}\n`
}
