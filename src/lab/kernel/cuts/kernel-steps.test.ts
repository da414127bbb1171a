import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { steps } from '../../step.ts'
import { SymbolTable } from '../symbols.ts'
import { deliverySymbol, placeOfStep, requireSymbols } from './kernel-steps.ts'

const kernel = ['emergency_restart']
const handler = ['smi_send', 'ipmi_smi_msg_received']
const driver = ['sender', 'start_next_msg', 'poll', 'start_kcs_transaction', 'kcs_event', 'get_kcs_result']

function tableOf(names: { kernel?: string[]; handler?: string[]; driver?: string[] }): SymbolTable {
  const line = (module: string) => (name: string, at: number) =>
    `ffffffff${String(at + 10).padStart(8, '0')} t ${name}${module}`
  return SymbolTable.parse(
    [
      ...(names.kernel ?? kernel).map(line('')),
      ...(names.handler ?? handler).map(line('\t[ipmi_msghandler]')),
      ...(names.driver ?? driver).map(line('\t[ipmi_si]')),
    ].join('\n'),
  )
}

describe("the mail's steps in a kernel", () => {
  it('after step 5 go by the name that its version gives to the delivery', () => {
    const names = [
      ['6.1.192', 'smi_recv_tasklet'],
      ['6.12.118', 'smi_recv_work'],
      ['7.3.4', 'smi_work'],
    ] as const
    for (const [version, name] of names) {
      const symbols = tableOf({ handler: [...handler, name] })
      assert.equal(deliverySymbol(symbols, version), name)
      const place = placeOfStep('after-5', 'kcs', symbols, version)
      assert.equal(place.expression, `ipmi_msghandler:${name}`)
      assert.equal(place.via, 'ipmi_msghandler:ipmi_smi_msg_received')
    }
  })

  it('before step 5 go by a passage in mid-transfer, and all others by the first', () => {
    const names = [...driver, 'bt_start_transaction', 'bt_event', 'bt_get_result']
    const symbols = tableOf({ handler: [...handler, 'smi_work'], driver: names })
    for (const [way, midTransfer] of [
      ['kcs', 12],
      ['bt', 2],
    ] as const) {
      for (const step of steps) {
        const { hit } = placeOfStep(step, way, symbols, '7.3.4')
        assert.equal(hit, step === 'before-5' ? midTransfer : 1, `${way} ${step}`)
      }
    }
  })

  it('go by what the kernel has where a vendor took a change early or late', () => {
    assert.equal(deliverySymbol(tableOf({ handler: [...handler, 'smi_work'] }), '6.1.0'), 'smi_work')
  })

  it('name the nearest when it has none of them', () => {
    const symbols = tableOf({ handler: [...handler, 'smi_recv_taskle'] })
    assert.throws(() => deliverySymbol(symbols, '6.1'), {
      code: 'SYMBOL_UNKNOWN',
      message: /smi_recv_taskle/,
    })
  })

  it('are refused for a kernel that was stripped of symbols', () => {
    assert.throws(() => requireSymbols(SymbolTable.parse(''), 'kcs', '6.1'), { code: 'SYMBOLS_STRIPPED' })
    assert.throws(() => requireSymbols(tableOf({ driver: ['sender'] }), 'kcs', '6.1'), {
      code: 'SYMBOL_UNKNOWN',
    })
    requireSymbols(tableOf({}), 'kcs', '6.1')
  })
})
