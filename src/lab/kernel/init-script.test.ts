import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { type InitOptions, initScript, marker, modulesFor } from './init-script.ts'

const plain: InitOptions = { interface: 'kcs', panicOp: 'string' }
const files = ['ipmi_msghandler.ko', 'ipmi_devintf.ko', 'ipmi_si.ko', 'ipmi_watchdog.ko']
const script = (options: Partial<InitOptions>) => initScript({ ...plain, ...options }, files)
const assertInOrder = (text: string, ...parts: readonly string[]) => {
  const places = parts.map(part => text.indexOf(part))
  assert.ok(!places.includes(-1), `missing: ${parts[places.indexOf(-1)]}`)
  assert.deepEqual(
    [...places].sort((a, b) => a - b),
    places,
  )
}

describe('the init script', () => {
  it('is valid shell, whatever it is asked for', () => {
    const panics: InitOptions['panic'][] = [
      undefined,
      { by: 'outside' },
      { by: 'sysrq', afterMs: 1500 },
      { by: 'sysrq', afterMs: 0, cpu: 1 },
    ]
    for (const panic of panics) {
      for (const traffic of ['none', 'full', 'slow'] as const) {
        for (const start of ['at-once', 'when-told'] as const) {
          const text = script({ traffic, start, symbols: 'printed', trafficCpu: 0, ...(panic && { panic }) })
          const checked = spawnSync('sh', ['-n'], { input: text, encoding: 'utf8' })
          assert.equal(checked.status, 0, checked.stderr)
        }
      }
    }
  })

  it('says where it is, in the order in which the host waits for it', () => {
    const text = script({ symbols: 'printed', start: 'when-told', panic: { by: 'sysrq', afterMs: 1000 } })
    assertInOrder(
      text,
      marker.booted,
      marker.interfaceMissing,
      marker.interfaceFound,
      marker.symbolsPrinted,
      marker.waiting,
      'read -r _',
      marker.started,
      marker.panicking,
      'echo c > /proc/sysrq-trigger',
    )
  })

  it('hands the panic policy to the message handler', () => {
    assert.match(script({ panicOp: 'event' }), /insmod \/modules\/ipmi_msghandler\.ko panic_op=event$/m)
  })

  it('starts the watchdog only after the interface is there', () => {
    assertInOrder(script({ watchdog: 'started' }), marker.interfaceFound, 'ipmi_watchdog.ko start_now=1')
  })

  it('shows addresses before it reads the symbols, of every module that it loads', () => {
    assertInOrder(script({ symbols: 'printed' }), 'kptr_restrict', '/proc/kallsyms', '/proc/modules')
    assertInOrder(script({ symbols: 'printed', watchdog: 'started' }), 'ipmi_watchdog.ko', '/proc/kallsyms')
    assert.ok(!script({}).includes('kallsyms'))
  })

  it('binds traffic and panic to the processors they were given', () => {
    const text = script({ traffic: 'full', trafficCpu: 0, panic: { by: 'sysrq', afterMs: 250, cpu: 1 } })
    assert.match(text, /taskset 0x1 ipmitool exec/)
    assert.match(text, /sleep 0\.25\n.*\ntaskset 0x2 sh -c/)
  })

  it('says when the traffic has ended, and then idles', () => {
    for (const traffic of ['full', 'slow'] as const) {
      assert.match(script({ traffic }), new RegExp(`${marker.trafficEnd}'; } &`))
    }
    assert.ok(!script({ traffic: 'none' }).includes('ipmitool'))
    assert.match(script({}), /while :; do sleep 3600; done\n$/)
  })
})

describe('the modules of an interface', () => {
  it('are ipmi_si for KCS and BT, and the SMBus drivers for SSIF', () => {
    assert.deepEqual(modulesFor(plain), ['ipmi_msghandler', 'ipmi_devintf', 'ipmi_si'])
    assert.deepEqual(modulesFor({ ...plain, interface: 'bt' }), modulesFor(plain))
    assert.deepEqual(modulesFor({ ...plain, interface: 'ssif', watchdog: 'started' }), [
      'ipmi_msghandler',
      'ipmi_devintf',
      'i2c-i801',
      'ipmi_ssif',
      'ipmi_watchdog',
    ])
  })
})
