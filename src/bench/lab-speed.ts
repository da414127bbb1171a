/** How fast the Panic Lab explores, on one core. */
import { Explorer } from '../lab/explore.ts'
import { none, resend } from '../si/panic-policy.ts'
import { type Figure, perSecond } from './figure.ts'

const SIZE = { messages: 3, events: 1, aborts: 1, destroys: 1 }
const CUTS = { resend: 2_000_000, none: 300_000 }

export function labSpeed(): Figure[] {
  return [resend, none].map(policy => {
    const wanted = CUTS[policy.name as keyof typeof CUTS]
    const begin = process.hrtime.bigint()
    const { cuts, states } = new Explorer(policy, SIZE).run(wanted)
    const seconds = Number(process.hrtime.bigint() - begin) / 1e9
    const inAMinute = (cuts / seconds) * 60
    return {
      name: `distinct cuts under ${policy.name} (${cuts.toLocaleString('en')} cuts, ${states.toLocaleString('en')} states)`,
      value: perSecond(cuts, seconds),
      against: `${(inAMinute / 1e6).toFixed(1)} million in a minute (at least 1, goal 10)`,
    }
  })
}
