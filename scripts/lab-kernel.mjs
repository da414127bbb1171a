/**
 * `npm run lab:kernel`: the sweeps that docs/linux-panic-windows.md reports, the most important first, one after another,
 * their output in lab-kernel-results/. Words after `--` choose sweeps whose name contains one of them.
 */
import { spawnSync } from 'node:child_process'
import { appendFileSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'

const folder = 'lab-kernel-results'
const suites = ['bookworm', 'trixie', 'trixie-backports']
const interfaces = ['kcs', 'bt']
const each = suites.flatMap(suite => interfaces.map(way => ({ suite, way })))
/** Around a timer base's lock, in instructions after the entry to `get_kcs_result`. */
const aroundTheLock = [300, 340, 360, 361, 370, 380, 385, 390, 395, 400, 420]

const sweeps = [
  // Where in the way it hangs.
  ...each.map(({ suite, way }) => [
    `store-${suite}-${way}`,
    [
      ...['--debian', suite, '--interface', way, '--every-store', '--check', '100'],
      ...['--compare', '--svg', join(folder, `store-${suite}-${way}.svg`)],
    ],
  ]),
  ...each.map(({ suite, way }) => [
    `steps-${suite}-${way}`,
    ['--debian', suite, '--interface', way, '--compare'],
  ]),
  ['cpus2-bookworm-kcs', ['--debian', 'bookworm', '--cpus', '2', '--compare']],
  ['cpus2-lock-bookworm-kcs', ['--debian', 'bookworm', '--cpus', '2', '--at', 'smi_send/250']],
  ...suites.map(suite => [
    `own-requests-${suite}-kcs`,
    ['--debian', suite, '--read', '--at', 'handle_flags', 'handle_flags/30'],
  ]),
  [
    'timer-lock-bookworm-kcs',
    ['--debian', 'bookworm', '--read', '--at', ...aroundTheLock.map(behind => `get_kcs_result/${behind}`)],
  ],
  // What a machine does whose owner changed nothing, and what he can change.
  ...suites.flatMap(suite => [
    [`default-${suite}-kcs`, ['--debian', suite, '--panic-op', 'none', '--sample', '20']],
    [`watchdog-${suite}-kcs`, ['--debian', suite, '--panic-op', 'none', '--watchdog', '--compare']],
    [`event-${suite}-kcs`, ['--debian', suite, '--panic-op', 'event', '--compare']],
  ]),
  // How likely it is.
  ...['bookworm', 'trixie-backports', 'trixie'].flatMap(suite => [
    [`random-full-${suite}-kcs`, ['--debian', suite, '--random', '2000', '--json']],
    [`random-slow-${suite}-kcs`, ['--debian', suite, '--random', '2000', '--traffic', 'slow', '--json']],
  ]),
  // And what the first ones left out, however long it takes.
  ...each.map(({ suite, way }) => [
    `every-${suite}-${way}`,
    ['--debian', suite, '--interface', way, '--every-instruction', '--json'],
  ]),
]

const words = process.argv.slice(2)
const unknown = words.find(word => !sweeps.some(([name]) => name.includes(word)))
if (unknown !== undefined) {
  process.stderr.write(
    `'${unknown}' is in no sweep's name; there are ${sweeps.map(([name]) => name).join(', ')}\n`,
  )
  process.exit(2)
}
mkdirSync(folder, { recursive: true })
let failed = 0
for (const [name, args] of sweeps) {
  if (words.length > 0 && !words.some(word => name.includes(word))) continue
  const output = join(folder, `${name}.${args.includes('--json') ? 'jsonl' : 'txt'}`)
  const command = ['lab', 'kernel', ...args]
  const began = new Date()
  process.stderr.write(`lastword ${command.join(' ')} > ${output} …\n`)
  const file = openSync(output, 'w')
  const done = spawnSync(process.execPath, [join('dist', 'cli', 'main.js'), ...command], {
    stdio: ['ignore', file, 2],
  })
  closeSync(file)
  const seconds = Math.round((Date.now() - began.getTime()) / 1000)
  const line = {
    name,
    command: `lastword ${command.join(' ')}`,
    began: began.toISOString(),
    seconds,
    status: done.status ?? done.signal,
  }
  appendFileSync(join(folder, 'runs.jsonl'), `${JSON.stringify(line)}\n`)
  if (done.status !== 0) failed++
  if (done.signal === 'SIGINT' || done.status === 130) break
}
process.exit(failed === 0 ? 0 : 1)
