/** What some makers' BMCs do otherwise than the specification says, each under the name that FreeIPMI or ipmitool gave it. */

export interface Quirk {
  readonly about: string
  /** Open Session asks for the wanted level, not for the highest that there is. */
  readonly opensWithLevel?: true
  /** The check value of RAKP 4 is not looked at. */
  readonly skipsIntegrityCheck?: true
  /** RAKP 4 is checked with the hash of the integrity algorithm, and user names are filled up to 16 bytes. */
  readonly intel?: true
  /** Get Channel Authentication Capabilities is not asked, or its answer not believed. */
  readonly skipsCapabilities?: true
  /** Requests in flight at the most. */
  readonly maxInFlight?: number
  /** Takes the same packet twice: what does more than tell is sent once only. */
  readonly executesReplays?: true
}

export const quirks: Readonly<Record<string, Quirk>> = {
  opensesspriv: {
    about: "Sun's and others' BMCs and OpenIPMI's simulator do not know the level 'highest'",
    opensWithLevel: true,
  },
  integritycheckvalue: {
    about: 'some Supermicro BMCs send a wrong integrity check value in RAKP 4',
    skipsIntegrityCheck: true,
  },
  intel20: {
    about: 'Intel BMCs of IPMI 2.0: user names of 16 bytes, RAKP 4 by the integrity algorithm',
    intel: true,
  },
  authcap: {
    about: 'the answer to Get Channel Authentication Capabilities is wrong or missing',
    skipsCapabilities: true,
  },
  replays: {
    about: "a BMC that takes the same packet twice, as OpenIPMI's simulator does",
    executesReplays: true,
  },
  single: {
    about: 'a BMC that loses what it gets while it works: one request at a time',
    maxInFlight: 1,
  },
}

/** All named quirks in one. */
export function mergeQuirks(names: readonly string[]): Omit<Quirk, 'about'> {
  return Object.assign({}, ...names.map(name => quirks[name]))
}
