/** A BMC that is asked directly, in virtual time: what its tests are made with. */
import {
  type AnyCommand,
  decodeResponse,
  encodeRequest,
  type RequestOf,
  type ResponseOf,
} from '../protocol/command.ts'
import { AddSelEntry } from '../protocol/commands/sel.ts'
import { CompletionCodeError } from '../protocol/completion-code.ts'
import { requestBytes } from '../protocol/message.ts'
import { decodeSelRecord, type SystemEventRecord } from '../protocol/sel-record.ts'
import { Bmc, type BmcOptions } from './bmc.ts'
import { execute } from './execute.ts'
import { type Caller, systemInterface } from './serve.ts'
import { type BmcConfigInput, bmcConfig } from './world/config.ts'
import { makeWorld } from './world/world.ts'

export class Fixture {
  nowMs = 1_700_000_000_000
  readonly resets: string[] = []
  readonly bmc: Bmc

  readonly actions: string[] = []

  constructor(options: BmcOptions = {}, config: BmcConfigInput = {}) {
    const world = makeWorld(bmcConfig.parse(config))
    this.bmc = new Bmc({ nowMs: () => this.nowMs, world, ...options })
    this.bmc.listen({
      onReset: kind => this.resets.push(kind),
      onHostAction: action => this.actions.push(action),
    })
  }

  /** Lets time pass, a tick each second. */
  pass(seconds: number): void {
    for (let second = 0; second < seconds; second++) {
      this.nowMs += 1000
      this.bmc.tick()
    }
  }

  /** The events in the SEL. */
  get events(): SystemEventRecord[] {
    return this.bmc.sel.records.map(decodeSelRecord).filter(record => record.kind === 'system')
  }

  run<C extends AnyCommand>(
    command: C,
    request: RequestOf<C>,
    caller: Caller = systemInterface,
  ): ResponseOf<C> {
    const bytes = requestBytes(command.netFn, command.cmd, encodeRequest(command, request))
    const response = execute(this.bmc, bytes, caller)
    this.bmc.settle()
    return decodeResponse(command, response.subarray(2)) as ResponseOf<C>
  }

  /** The completion code of a request. */
  code<C extends AnyCommand>(command: C, request: RequestOf<C>, caller: Caller = systemInterface): number {
    try {
      this.run(command, request, caller)
      return 0
    } catch (error) {
      if (!(error instanceof CompletionCodeError)) throw error
      return error.completionCode
    }
  }

  /** Adds an OEM record; its ID. */
  add(fill: number): number {
    const record = {
      kind: 'oem' as const,
      recordId: 0,
      recordType: 0xe0,
      data: new Uint8Array(13).fill(fill),
    }
    return this.run(AddSelEntry, { record }).recordId
  }
}

/** Its `run`, to be called by itself. */
export function bound(fixture: Fixture): { run: Fixture['run'] } {
  return { run: fixture.run.bind(fixture) as Fixture['run'] }
}
