/** What tells an instruction of a way from another passage of the same address: the addresses that lead to it. */
import type { Instruction } from './way.ts'

/** So many are compared even where one would do: a way that went otherwise may come by it too. */
export const LEAST_COMPARED = 8
/** A loop that is longer and always the same hides which turn it is. */
const MOST_COMPARED = 256

export interface Trail {
  /** Up to the instruction itself. */
  addresses: readonly bigint[]
  /** No other place of the way is come to like this. */
  isUnique: boolean
}

export class Trails {
  readonly #way: readonly Instruction[]
  readonly #places = new Map<bigint, number[]>()

  constructor(way: readonly Instruction[]) {
    this.#way = way
    for (const [at, { address }] of way.entries()) {
      const places = this.#places.get(address)
      if (places === undefined) this.#places.set(address, [at])
      else places.push(at)
    }
  }

  to(at: number): Trail {
    const addressAt = (place: number) => this.#way[place]?.address
    let others = this.#places.get(this.#way[at]!.address)!.filter(place => place !== at)
    let compared = 1
    for (; compared < MOST_COMPARED && compared <= at; compared++) {
      if (compared >= LEAST_COMPARED && others.length === 0) break
      const back = compared
      others = others.filter(place => addressAt(place - back) === addressAt(at - back))
    }
    const addresses = this.#way.slice(at - compared + 1, at + 1).map(({ address }) => address)
    return { addresses, isUnique: others.length === 0 }
  }
}
