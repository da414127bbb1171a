import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { settingFamilyNames } from '../../bmc/stores/settings.ts'
import { killOverAndOver } from './kills.ts'

/** A thousand take minutes: node scripts/kill-bmc.mjs 1000 lan. */
const KILLS = 15

/** Nobody logs in without K_G once it is set; an option's validity is as the options'; hours pass too slowly. */
const unchanged = ['bootInvalid', 'kg', 'onMinutes', 'power']

describe('a BMC that is killed under load', () => {
  for (const [path, over] of [
    ['vm', "a virtual machine's line"],
    ['lan', 'LAN sessions'],
  ] as const) {
    it(`still has all that it had answered over ${over}: something of every family`, async () => {
      const dir = mkdtempSync(join(tmpdir(), 'lastword-kills-'))
      try {
        const { answered, lost, kills, families } = await killOverAndOver(KILLS, dir, path)
        assert.deepEqual(lost, [])
        assert.equal(kills, KILLS)
        const others = settingFamilyNames().filter(name => !families.includes(name))
        assert.deepEqual(others.toSorted(), unchanged)
        assert.ok(answered >= KILLS * 10, `${answered} answers`)
      } finally {
        rmSync(dir, { recursive: true })
      }
    })
  }
})
