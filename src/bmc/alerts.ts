/** The alerts of a simulated BMC: who is told of an event, in which order, and again until it is acknowledged. IPMI 2.0 rev 1.1, sections 17.11 to 17.16. */
import { LanParameter } from '../protocol/parameters/lan.ts'
import { PefParameter } from '../protocol/parameters/pef.ts'
import {
  encodePet,
  PET_SOURCE_IPMI,
  PetSeverity,
  type PlatformEventTrap,
  petCustomText,
} from '../protocol/pet/pet.ts'
import type { SystemEventRecord } from '../protocol/sel-record.ts'
import { channelAccess } from './channel-access.ts'
import type { Controller } from './controller.ts'
import { lanParameters } from './lan-parameters.ts'
import {
  ALERT_POLICIES,
  type AlertPolicy,
  alertString,
  eventAlertString,
  pefParameters,
} from './pef-parameters.ts'

const SNMP_TRAP_PORT = 162
const UNSPECIFIED_LANGUAGE = 0xff
const ENGLISH = 25
const MAX_SEQUENCE = 0xffff

/** What an alert that was asked for has come to. Section 30.7. */
export type AlertStatus = 'none' | 'normalEnd' | 'acknowledgeTimeout' | 'inProgress'

/** What is told, and what goes with it. */
export interface Alert {
  readonly event: SystemEventRecord
  /** PetSeverity; that of the filter. */
  readonly severity?: number
  /** Of the alert strings of PEF; empty: none. */
  readonly text?: string
}

/** Which filter asks for an alert. */
export interface AlertReason {
  readonly filter: number
  readonly policy: number
  readonly severity: number
}

interface Waiting {
  readonly destination: number
  readonly trap: Uint8Array
  readonly address: string
  readonly sequenceNumber: number
  retriesLeft: number
  dueMs: number
  /** The rest of a policy, which depends on how this one ends. */
  goOn: ((outcome: 'sent' | 'failed') => void) | null
}

export interface AlertsOptions {
  nowMs(): number
  send(trap: Uint8Array, to: { address: string; port: number }): void
}

export class Alerts {
  readonly #bmc: Controller
  readonly #options: AlertsOptions
  readonly #startedMs: number
  #sequence = 0
  #waiting: Waiting[] = []
  status: AlertStatus = 'none'

  constructor(bmc: Controller, options: AlertsOptions) {
    this.#bmc = bmc
    this.#options = options
    this.#startedMs = options.nowMs()
  }

  /** Sends to a destination of the LAN parameters, whatever the policies say; false: there is none. */
  send(destination: number, alert: Alert): boolean {
    return this.#sendTo(destination, alert) !== 'failed'
  }

  /**
   * Goes through a policy: an entry's turn may depend on whether the alert before it arrived, which is known at once, or
   * when it is acknowledged or given up. Section 17.11.
   */
  byPolicy(
    event: SystemEventRecord,
    why: AlertReason,
    from = 1,
    before: Waiting | 'sent' | 'failed' = 'failed',
  ): void {
    // Alert Immediate is sent all the same. Section 22.22.
    const { channel } = this.#bmc.world.config.lan
    if (channelAccess(this.#bmc, channel, 'volatile').pefAlertingDisabled) return
    let last = before
    for (let set = from; set <= ALERT_POLICIES; set++) {
      const entry = pefParameters.value(this.#bmc, PefParameter.alertPolicy, set)?.entry
      if (entry === undefined || !entry.policy.enabled || entry.policy.number !== why.policy) continue
      if (entry.policy.type !== 'always') {
        if (typeof last === 'object') {
          last.goOn = outcome => this.byPolicy(event, why, set, outcome)
          return
        }
        if (last === 'sent' && entry.policy.type === 'nextIfFailed') continue
        // Destinations are all of one channel and one type: there is no other to go on to.
        if (last === 'sent') return
      }
      last = this.#sendTo(entry.destination.number, {
        event,
        severity: why.severity,
        text: this.#textOf(entry, why.filter),
      })
    }
  }

  #textOf({ string: { key, isEventSpecific } }: AlertPolicy, filter: number): string {
    return isEventSpecific ? eventAlertString(this.#bmc, filter, key) : alertString(this.#bmc, key)
  }

  #sendTo(destination: number, alert: Alert): Waiting | 'sent' | 'failed' {
    const address = lanParameters.value(this.#bmc, LanParameter.destinationAddress, destination)?.ipAddress
    const how = lanParameters.value(this.#bmc, LanParameter.destinationType, destination)
    if (address === undefined || how === undefined || address === '0.0.0.0') return 'failed'
    this.#sequence = this.#sequence >= MAX_SEQUENCE ? 1 : this.#sequence + 1
    const sequenceNumber = this.#sequence
    const trap = encodePet(this.#trapOf(alert, sequenceNumber))
    this.#options.send(trap, { address, port: SNMP_TRAP_PORT })
    this.status = how.type.acknowledge ? 'inProgress' : 'normalEnd'
    if (!how.type.acknowledge) return 'sent'
    const waiting: Waiting = {
      destination,
      trap,
      address,
      sequenceNumber,
      retriesLeft: how.retries,
      dueMs: this.#options.nowMs() + how.timeoutSeconds * 1000,
      goOn: null,
    }
    this.#waiting.push(waiting)
    return waiting
  }

  /** False: no trap with this number waits for an acknowledge. */
  acknowledge(sequenceNumber: number): boolean {
    const found = this.#waiting.find(waiting => waiting.sequenceNumber === sequenceNumber)
    if (found === undefined) return false
    this.#end(found, 'sent')
    return true
  }

  #end(waiting: Waiting, outcome: 'sent' | 'failed'): void {
    this.#waiting = this.#waiting.filter(other => other !== waiting)
    this.status = outcome === 'sent' ? 'normalEnd' : 'acknowledgeTimeout'
    waiting.goOn?.(outcome)
  }

  /** What was not acknowledged is sent again, as often as the destination says. */
  tick(): void {
    if (this.#waiting.length === 0) return
    const due = this.#waiting.filter(waiting => this.#options.nowMs() >= waiting.dueMs)
    for (const waiting of due) {
      const how = lanParameters.value(this.#bmc, LanParameter.destinationType, waiting.destination)
      waiting.dueMs = this.#options.nowMs() + (how?.timeoutSeconds ?? 1) * 1000
      if (waiting.retriesLeft-- > 0)
        this.#options.send(waiting.trap, { address: waiting.address, port: SNMP_TRAP_PORT })
      else this.#end(waiting, 'failed')
    }
  }

  #trapOf({ event, severity = 0, text = '' }: Alert, sequenceNumber: number): PlatformEventTrap {
    const { identity, sel, world } = this.#bmc
    const own = pefParameters.value(this.#bmc, PefParameter.systemGuid)
    const record = world.sensorAt[event.sensorNumber]?.record
    const entity = record !== undefined && 'entity' in record ? record.entity : { id: 0, instance: 0 }
    const eventData = new Uint8Array(8)
    eventData.set(event.data)
    return {
      community: lanParameters.value(this.#bmc, LanParameter.communityString) ?? '',
      agentAddress: lanParameters.value(this.#bmc, LanParameter.ipAddress)!,
      uptime: Math.floor((this.#options.nowMs() - this.#startedMs) / 10),
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
      severity: severity || PetSeverity.monitor,
      sensorDevice: event.generatorId,
      sensorNumber: event.sensorNumber,
      entityId: entity.id,
      entityInstance: entity.instance,
      eventData,
      languageCode: text === '' ? UNSPECIFIED_LANGUAGE : ENGLISH,
      manufacturerId: identity.manufacturerId,
      systemId: identity.productId,
      custom: petCustomText(text),
    }
  }
}
