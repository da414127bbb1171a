import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { killOverAndOver } from './kills.ts'

/** A thousand take minutes: node scripts/kill-bmc.mjs 1000 lan. */
const KILLS = 15

describe('a BMC that is killed under load', () => {
  for (const [path, over] of [
    ['vm', "a virtual machine's line"],
    ['lan', 'LAN sessions'],
  ] as const) {
    it(`still has all that it had answered over ${over}: SEL entries, users, FRU data`, async () => {
      const dir = mkdtempSync(join(tmpdir(), 'lastword-kills-'))
      try {
        const { answered, lost, kills } = await killOverAndOver(KILLS, dir, path)
        assert.deepEqual(lost, [])
        assert.equal(kills, KILLS)
        assert.ok(answered >= KILLS * 10, `${answered} answers`)
      } finally {
        rmSync(dir, { recursive: true })
      }
    })
  }
})
