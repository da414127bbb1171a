/** `lastword set`: gives a flag to the lines of exec and shell that follow. */
import { group, type Subcommand, subcommand } from '../declare.ts'
import { globalFlags } from '../flags.ts'
import { integer, optional, type Param } from '../params.ts'

/** ipmitool's words for flags that have a value. */
const settings = {
  hostname: 'host',
  username: 'user',
  privlvl: 'privilege',
  authtype: 'authType',
  targetaddr: 'target',
  port: 'port',
} as const satisfies Record<string, keyof typeof globalFlags>

function setting(name: keyof typeof settings): Subcommand {
  const flag: Param<unknown> = globalFlags[settings[name]]
  // The word is checked as the flag's, and kept as it was given.
  const checked: Param<string> = {
    ...flag,
    arity: 'one',
    read(words, of) {
      flag.read(words, of)
      return words[0]!
    },
  }
  return subcommand({
    name,
    summary: `${flag.summary}; before the first line that needs the BMC`,
    args: { value: checked },
    async run({ setFlag }, { value }) {
      setFlag(settings[name], [value])
      return { [name]: value }
    },
    view: as => as.lines(change => Object.entries(change).flat().join(' is now ')),
  })
}

/** A flag that may be given several times. */
function level(name: 'csv' | 'verbose', summary: string): Subcommand {
  return subcommand({
    name,
    summary,
    args: { level: optional(integer('LEVEL', 'how often, 0 not at all (1)', { max: 9 })) },
    async run({ setFlag }, { level: count = 1 }) {
      setFlag(name, Array<string>(count).fill(''))
      return undefined
    },
    view: as => as.silent(),
  })
}

export const set = group('set', 'gives a flag to the lines of exec and shell that follow', [
  ...(Object.keys(settings) as (keyof typeof settings)[]).map(setting),
  level('csv', 'prints CSV'),
  level('verbose', 'tells more'),
])
