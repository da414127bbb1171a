import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ChassisControl, GetSystemRestartCause, SetPowerRestorePolicy } from '../protocol/commands/chassis.ts'
import { Fixture } from './testing.ts'

describe('a host that is on again when mains comes back', () => {
  const outcomes = [
    ['alwaysOn', 'powerDown', 'restoreAlwaysOn'],
    ['alwaysOn', 'powerUp', 'restoreAlwaysOn'],
    ['previous', 'powerUp', 'restorePrevious'],
  ] as const
  for (const [policy, last, cause] of outcomes) {
    it(`says ${cause}, with the policy ${policy} and ${last} as what was done last`, () => {
      const stateDir = mkdtempSync(join(tmpdir(), 'lastword-mains-'))
      try {
        const before = new Fixture({ stateDir })
        before.run(SetPowerRestorePolicy, { policy })
        before.run(ChassisControl, { action: 'powerDown' })
        before.run(ChassisControl, { action: last })
        before.bmc.close()
        const after = new Fixture({ stateDir })
        assert.equal(after.bmc.chassis.isOn, true)
        assert.equal(after.run(GetSystemRestartCause, {}).cause, cause)
        after.bmc.close()
      } finally {
        rmSync(stateDir, { recursive: true })
      }
    })
  }
})
