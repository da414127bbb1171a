/** Platform event filtering of a simulated BMC: which events make it act, and the traps that it sends. IPMI 2.0 rev 1.1, sections 17 and 30. */
import { z } from 'zod'
import { LanParameter } from '../protocol/parameters/lan.ts'
import { PefParameter } from '../protocol/parameters/pef.ts'
import {
  encodePet,
  PET_NO_CUSTOM_FIELDS,
  PET_SOURCE_IPMI,
  PetSeverity,
  type PlatformEventTrap,
} from '../protocol/pet/pet.ts'
import type { SystemEventRecord } from '../protocol/sel-record.ts'
import type { Controller } from './controller.ts'
import { lanParameters } from './lan-parameters.ts'
import { ALERT_POLICIES, EVENT_FILTERS, type EventFilter, pefParameters } from './pef-parameters.ts'
import { settingFamily } from './stores/settings.ts'

const ANY = 0xff
const SNMP_TRAP_PORT = 162
const UNSPECIFIED_LANGUAGE = 0xff
const MAX_SEQUENCE = 0xffff
const NO_RECORD = 0xffff

const processedFamily = settingFamily('processed', z.number())

/** What an alert that was asked for has come to. Section 30.7. */
export type AlertStatus = 'none' | 'normalEnd' | 'acknowledgeTimeout' | 'inProgress'

interface Waiting {
  readonly destination: number
  readonly trap: Uint8Array
  readonly address: string
  readonly sequenceNumber: number
  readonly event: SystemEventRecord
  retriesLeft: number
  dueMs: number
}

type Comparison = EventFilter['data1']

export class Pef {
  readonly #bmc: Controller
  readonly #nowMs: () => number
  readonly #send: (trap: Uint8Array, to: { address: string; port: number }) => void
  readonly #startedMs: number
  #sequence = 0
  #waiting: Waiting[] = []
  #postponedUntilMs = 0
  #alertStatus: AlertStatus = 'none'

  constructor(
    bmc: Controller,
    nowMs: () => number,
    send: (trap: Uint8Array, to: { address: string; port: number }) => void,
  ) {
    this.#bmc = bmc
    this.#nowMs = nowMs
    this.#send = send
    this.#startedMs = nowMs()
  }

  get alertStatus(): AlertStatus {
    return this.#alertStatus
  }

  set alertStatus(status: AlertStatus) {
    this.#alertStatus = status
  }

  /** Seconds until filtering goes on; 0: it is on. */
  get postponedSeconds(): number {
    return Math.max(0, Math.ceil((this.#postponedUntilMs - this.#nowMs()) / 1000))
  }

  postpone(seconds: number): void {
    this.#postponedUntilMs = this.#nowMs() + seconds * 1000
  }

  lastProcessed(by: 'software' | 'bmc'): number {
    return this.#bmc.settings.get(processedFamily, by) ?? (by === 'bmc' ? 0 : NO_RECORD)
  }

  setLastProcessed(by: 'software' | 'bmc', recordId: number): void {
    this.#bmc.settings.set(processedFamily, by, recordId)
  }

  /** An event has been logged: the filters that match it say what is done. */
  process(event: SystemEventRecord, recordId: number): void {
    const control = pefParameters.value(this.#bmc, PefParameter.control)
    if (control?.enabled !== true || this.postponedSeconds > 0) return
    // 0000h: it was processed and did not fit into the SEL.
    this.setLastProcessed('bmc', Math.max(0, recordId))
    const allowed = pefParameters.value(this.#bmc, PefParameter.actions)!
    const matching = this.#filters().filter(filter => matches(filter, event))
    for (const filter of matching) {
      if (filter.actions.alert && allowed.alert) this.#alertBy(filter, event)
    }
    // The highest of the power actions that were asked for is the one that is done. Section 17.
    const wants = (action: 'powerDown' | 'powerCycle' | 'reset' | 'diagnosticInterrupt') =>
      allowed[action] && matching.some(filter => filter.actions[action])
    const { chassis, world } = this.#bmc
    const { channel } = world.config.lan
    if (wants('powerDown')) chassis.control('powerDown', 'unknown', channel)
    else if (wants('powerCycle')) chassis.control('powerCycle', 'pefPowerCycle', channel)
    else if (wants('reset')) chassis.control('hardReset', 'pefReset', channel)
    else if (wants('diagnosticInterrupt')) chassis.control('diagnosticInterrupt', 'unknown', channel)
  }

  /** Sends an event to a destination of the LAN parameters; false: there is none. */
  alert(destination: number, event: SystemEventRecord, severity: number = PetSeverity.monitor): boolean {
    const address = lanParameters.value(this.#bmc, LanParameter.destinationAddress, destination)?.ipAddress
    const how = lanParameters.value(this.#bmc, LanParameter.destinationType, destination)
    if (address === undefined || how === undefined || address === '0.0.0.0') return false
    this.#sequence = this.#sequence >= MAX_SEQUENCE ? 1 : this.#sequence + 1
    const sequenceNumber = this.#sequence
    const trap = encodePet(this.#trapOf(event, sequenceNumber, severity))
    this.#send(trap, { address, port: SNMP_TRAP_PORT })
    this.#alertStatus = how.type.acknowledge ? 'inProgress' : 'normalEnd'
    if (how.type.acknowledge)
      this.#waiting.push({
        destination,
        trap,
        address,
        sequenceNumber,
        event,
        retriesLeft: how.retries,
        dueMs: this.#nowMs() + how.timeoutSeconds * 1000,
      })
    return true
  }

  /** False: no trap with this number waits for an acknowledge. */
  acknowledge(sequenceNumber: number): boolean {
    const before = this.#waiting.length
    this.#waiting = this.#waiting.filter(waiting => waiting.sequenceNumber !== sequenceNumber)
    if (this.#waiting.length === before) return false
    this.#alertStatus = 'normalEnd'
    return true
  }

  /** What was not acknowledged is sent again, as often as the destination says. */
  tick(): void {
    if (this.#waiting.length === 0) return
    const due = this.#waiting.filter(waiting => this.#nowMs() >= waiting.dueMs)
    for (const waiting of due) {
      const how = lanParameters.value(this.#bmc, LanParameter.destinationType, waiting.destination)
      waiting.dueMs = this.#nowMs() + (how?.timeoutSeconds ?? 1) * 1000
      if (waiting.retriesLeft-- > 0)
        this.#send(waiting.trap, { address: waiting.address, port: SNMP_TRAP_PORT })
      else {
        this.#waiting = this.#waiting.filter(other => other !== waiting)
        this.#alertStatus = 'acknowledgeTimeout'
      }
    }
  }

  #filters(): EventFilter[] {
    const filters: EventFilter[] = []
    for (let set = 1; set <= EVENT_FILTERS; set++) {
      const filter = pefParameters.value(this.#bmc, PefParameter.eventFilter, set)?.filter
      if (filter?.configuration.enabled) filters.push(filter)
    }
    return filters
  }

  /** Goes through the policy: each entry of its number says whether it is the next one's turn. Section 17.11. */
  #alertBy(filter: EventFilter, event: SystemEventRecord): void {
    let hasFailed = true
    for (let set = 1; set <= ALERT_POLICIES; set++) {
      const entry = pefParameters.value(this.#bmc, PefParameter.alertPolicy, set)?.entry
      if (entry === undefined || !entry.policy.enabled || entry.policy.number !== filter.policy.number)
        continue
      if (entry.policy.type !== 'always' && !hasFailed) continue
      hasFailed = !this.alert(entry.destination.number, event, filter.severity || PetSeverity.monitor)
    }
  }

  #trapOf(event: SystemEventRecord, sequenceNumber: number, severity: number): PlatformEventTrap {
    const { identity, sel, world } = this.#bmc
    const own = pefParameters.value(this.#bmc, PefParameter.systemGuid)
    const address = lanParameters.value(this.#bmc, LanParameter.ipAddress)!
    const record = world.sensorAt[event.sensorNumber]?.record
    const entity = record !== undefined && 'entity' in record ? record.entity : { id: 0, instance: 0 }
    const eventData = new Uint8Array(8)
    eventData.set(event.data)
    return {
      community: lanParameters.value(this.#bmc, LanParameter.communityString) ?? '',
      agentAddress: address,
      uptime: Math.floor((this.#nowMs() - this.#startedMs) / 10),
      sensorType: event.sensorType,
      eventType: event.event.type,
      offset: event.data[0]! & 0x0f,
      isDeassertion: event.event.deassertion,
      // As in SNMP, the most significant byte first.
      guid: Uint8Array.from(own?.isUsed === true ? own.guid : identity.guid).reverse(),
      sequenceNumber,
      localTime: sel.time,
      ...(sel.utcOffset === undefined ? {} : { utcOffset: sel.utcOffset }),
      trapSourceType: PET_SOURCE_IPMI,
      eventSourceType: PET_SOURCE_IPMI,
      severity,
      sensorDevice: event.generatorId,
      sensorNumber: event.sensorNumber,
      entityId: entity.id,
      entityInstance: entity.instance,
      eventData,
      languageCode: UNSPECIFIED_LANGUAGE,
      manufacturerId: identity.manufacturerId,
      systemId: identity.productId,
      custom: PET_NO_CUSTOM_FIELDS,
    }
  }
}

function isOrAny(wanted: number, actual: number): boolean {
  return wanted === ANY || wanted === actual
}

/** Section 17.7: each part has to match. */
export function matches(filter: EventFilter, event: SystemEventRecord): boolean {
  const offset = event.data[0]! & 0x0f
  return (
    isOrAny(filter.generatorId, event.generatorId) &&
    (filter.generatorChannel === ANY ||
      filter.generatorChannel === ((event.generator.channel << 4) | event.generator.lun)) &&
    isOrAny(filter.sensorType, event.sensorType) &&
    isOrAny(filter.sensorNumber, event.sensorNumber) &&
    isOrAny(filter.eventTrigger, event.event.type) &&
    (filter.offsetMask & (1 << offset)) !== 0 &&
    compares(filter.data1, event.data[0]!) &&
    compares(filter.data2, event.data[1]!) &&
    compares(filter.data3, event.data[2]!)
  )
}

/** Section 17.8: where compare 1 is set, a bit has to be as in compare 2; of the others that compare 2 has, any one. */
function compares({ andMask, compare1, compare2 }: Comparison, byte: number): boolean {
  const masked = byte & andMask
  if (((masked ^ compare2) & compare1) !== 0) return false
  const anyOf = compare2 & ~compare1 & 0xff
  return anyOf === 0 || (masked & anyOf) !== 0
}
