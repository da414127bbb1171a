/** From a target to a `Bmc`: the password is looked for only where one is needed. */
import type { Bmc } from '../../client/bmc.ts'
import { findPassword, type PasswordContext } from './password.ts'
import type { Target } from './target.ts'

export async function openBmc(target: Target, context: Pick<PasswordContext, 'env' | 'warn'>): Promise<Bmc> {
  const url = new URL(target.url)
  if (url.protocol === 'sim:') return (await import('./sim.ts')).openSimulated(target.url)
  const { connect } = await import('../../client/connect.ts')
  if (url.protocol === 'lan:' || url.protocol === 'lanplus:') {
    const password = await findPassword(target.password, {
      ...context,
      host: url.hostname,
      username: target.username,
    })
    void password
  }
  return connect(target.url)
}
