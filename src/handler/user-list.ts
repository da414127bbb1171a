/** The users of a handler, in the order in which they came. */
import type { Saveable, Tape } from '../machine/tape.ts'
import type { IpmiUser } from './user.ts'

const GETS_EVENTS = 1 << 16
const IS_DESTROYED = 1 << 17

export class UserList implements Saveable {
  readonly #users: IpmiUser[] = []

  /** A copy: a callback may add or take away. */
  get all(): IpmiUser[] {
    return [...this.#users]
  }

  add(user: IpmiUser): void {
    this.#users.push(user)
  }

  remove(user: IpmiUser): void {
    const index = this.#users.indexOf(user)
    if (index >= 0) this.#users.splice(index, 1)
  }

  save(tape: Tape): void {
    tape.put(this.#users.length)
    for (const user of this.#users) {
      tape.putRef(user)
      tape.put(user.outstanding | (user.getsEvents ? GETS_EVENTS : 0) | (user.isDestroyed ? IS_DESTROYED : 0))
    }
  }

  load(tape: Tape): void {
    for (const user of this.#users) user.isDestroyed = true
    const count = tape.take()
    if (this.#users.length !== count) this.#users.length = count
    for (let i = 0; i < count; i++) {
      const user = tape.takeRef() as IpmiUser
      const word = tape.take()
      this.#users[i] = user
      user.outstanding = word & 0xffff
      user.getsEvents = (word & GETS_EVENTS) !== 0
      user.isDestroyed = (word & IS_DESTROYED) !== 0
    }
  }
}
