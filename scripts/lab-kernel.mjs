/**
 * `npm run lab:kernel`: the sweeps that docs/linux-panic-windows.md reports, one after another, their output in
 * lab-kernel-results/. Words after `--` choose sweeps whose name contains one of them.
 */
import { spawnSync } from 'node:child_process'
import { appendFileSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'

const folder = 'lab-kernel-results'
const suites = ['bookworm', 'trixie', 'trixie-backports']
const interfaces = ['kcs', 'bt']

const sweeps = []
for (const suite of suites) {
  for (const way of interfaces) {
    const common = ['--debian', suite, '--interface', way]
    sweeps.push([`steps-${suite}-${way}`, [...common, '--compare']])
    sweeps.push([
      `sample-${suite}-${way}`,
      [...common, '--sample', '60', '--compare', '--svg', join(folder, `sample-${suite}-${way}.svg`)],
    ])
  }
}
for (const suite of suites) {
  // What a machine does whose owner changed nothing.
  sweeps.push([`default-${suite}-kcs`, ['--debian', suite, '--panic-op', 'none', '--sample', '20']])
  sweeps.push([`watchdog-${suite}-kcs`, ['--debian', suite, '--panic-op', 'none', '--watchdog', '--compare']])
  sweeps.push([`event-${suite}-kcs`, ['--debian', suite, '--panic-op', 'event', '--compare']])
}
for (const suite of suites) {
  sweeps.push([`random-full-${suite}-kcs`, ['--debian', suite, '--random', '2000']])
  sweeps.push([`random-slow-${suite}-kcs`, ['--debian', suite, '--random', '2000', '--traffic', 'slow']])
}
for (const suite of suites) {
  for (const way of interfaces) {
    sweeps.push([
      `every-${suite}-${way}`,
      ['--debian', suite, '--interface', way, '--every-instruction', '--json'],
    ])
  }
}

const words = process.argv.slice(2)
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
