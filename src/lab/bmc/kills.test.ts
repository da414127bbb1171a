import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { settingFamilyNames } from '../../bmc/stores/settings.ts'
import { killOverAndOver } from './kills.ts'

/** Over each of the two, at the same time: a thousand in all. */
const KILLS = 500

/** Nobody logs in without K_G once it is set. */
const unchanged = ['kg']

describe('a BMC that is killed a thousand times under load', { concurrency: true }, () => {
  for (const [path, over, left] of [
    ['vm', "a virtual machine's line", ['policy']],
    ['lan', 'LAN sessions', []],
  ] as const) {
    it(`still has all that it had answered over ${over}: something of every family`, async () => {
      const dir = mkdtempSync(join(tmpdir(), 'lastword-kills-'))
      try {
        const { answered, lost, kills, families, damaged } = await killOverAndOver(KILLS, dir, path)
        assert.deepEqual(lost, [])
        assert.deepEqual([kills, damaged], [KILLS, 0])
        const others = settingFamilyNames().filter(name => !families.includes(name))
        assert.deepEqual(others.toSorted(), [...unchanged, ...left].toSorted())
        assert.ok(answered >= KILLS * 10, `${answered} answers`)
      } finally {
        rmSync(dir, { recursive: true })
      }
    })
  }
})
