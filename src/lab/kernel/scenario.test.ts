/** A real Linux kernel, panicking on our BMC at points of the protocol. */
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { itBoots } from './needs-programs.ts'
import { isFailure, kernelCuts, runScenario } from './scenario.ts'

const it = itBoots('qemu-system-x86_64', 'busybox', 'ipmitool')

describe("Debian's kernel on our BMC over KCS", () => {
  for (const cut of kernelCuts) {
    for (const cpus of [1, 2] as const) {
      it(`${cut} on ${cpus} CPU${cpus === 1 ? '' : 's'}: the last words are whole where the BMC answers, and nothing is lost`, async kernel => {
        const row = await runScenario({ kernel, cut, cpus, interface: 'kcs' })
        assert.equal(
          row.said,
          cut === 'sysrq-under-traffic' ? 'sysrq triggered crash' : 'NMI: Not continuing',
        )
        assert.equal(row.recorded, row.bmcAnswers ? row.said : '')
        // Linux sends a request twice when the NMI falls between the write of its last byte and the store behind it.
        assert.equal(row.lost, 0)
        assert.ok(row.executed >= 1)
        assert.equal(isFailure(row), false)
      })
    }
  }
})
