/**
 * Kills `lastword bmc` a thousand times under load and tells what was lost; docs/bmc.md has the figures. Run it after a build:
 * node scripts/kill-bmc.mjs [KILLS] [vm|lan]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killOverAndOver } from '../dist/lab/bmc/kills.js'

const kills = Number(process.argv[2] ?? 1000)
const path = process.argv[3] === 'lan' ? 'lan' : 'vm'
const dir = mkdtempSync(join(tmpdir(), 'lastword-kills-'))
const report = await killOverAndOver(kills, dir, path, done => {
  if (done % 50 === 0) process.stderr.write(`${done} of ${kills}\n`)
})
rmSync(dir, { recursive: true })
process.stdout.write(`${JSON.stringify(report)}\n`)
process.exitCode = report.lost.length === 0 ? 0 : 1
