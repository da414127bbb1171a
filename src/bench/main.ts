/** `npm run bench`: what it costs, as ratios against something measured in the same run. Reports, never judges. */

import { cliSpeed } from './cli-speed.ts'
import type { Figure } from './figure.ts'
import { kernelCuts } from './kernel-cuts.ts'
import { labSpeed } from './lab-speed.ts'
import { lanSpeed } from './lan.ts'
import { lanHostile } from './lan-hostile.ts'
import { messageCosts } from './messages.ts'
import { registerAccesses } from './register-accesses.ts'
import { traceCost } from './trace-cost.ts'

const parts: Record<string, () => Figure[] | Promise<Figure[]>> = {
  registers: registerAccesses,
  messages: messageCosts,
  trace: traceCost,
  lab: labSpeed,
  kernel: kernelCuts,
  lan: lanSpeed,
  'lan-hostile': lanHostile,
  cli: cliSpeed,
}

const args = process.argv.slice(2)
const isJson = args.includes('--json')
const chosen = args.filter(arg => !arg.startsWith('--'))
const unknown = chosen.filter(name => parts[name] === undefined)
if (unknown.length > 0) {
  process.stderr.write(
    `lastword bench: no part ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}\n`,
  )
  process.exit(2)
}

for (const [name, run] of Object.entries(parts)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  for (const figure of await run()) {
    if (isJson) process.stdout.write(`${JSON.stringify({ part: name, ...figure })}\n`)
    else process.stdout.write(`${figure.name.padEnd(66)} ${figure.value.padStart(14)}  ${figure.against}\n`)
  }
}
