/** Completion scripts for bash, zsh and fish: a table of the declared words, and a few lines that look it up. */
import { type OptionWord, type Place, places } from './words.ts'

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

export async function completionScript(shell: Shell): Promise<string> {
  const all = await places()
  return { bash, zsh, fish }[shell](all)
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** Fish has no other escape inside single quotes. */
function quoteFish(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

function valueOptions(all: readonly Place[]): OptionWord[] {
  const byWord = new Map(
    all
      .flatMap(place => place.options)
      .filter(option => option.takesValue)
      .map(option => [option.word, option]),
  )
  return [...byWord.values()]
}

function patterns({ word, short }: OptionWord): string[] {
  return short === undefined ? [word] : [short, word]
}

/** `case` arms that give the words at a place: next commands, choices of the n-th argument. */
function placeArms(all: readonly Place[], emit: (words: readonly string[]) => string): string {
  const arms: string[] = []
  for (const { path, next, positions, goesOn } of all) {
    if (next.length > 0) arms.push(`    ${quote(path)}) ${emit(next.map(({ word }) => word))} ;;`)
    positions.forEach((choices, index) => {
      const place = quote(placeOf(path, index))
      // What follows a word of the command itself begins with a blank.
      const pattern = goesOn && index === positions.length - 1 ? `${place}|${place}' '*` : place
      if (choices.length > 0) arms.push(`    ${pattern}) ${emit(choices)} ;;`)
    })
  }
  return arms.join('\n')
}

/** Where the n-th argument of a command stands. */
function placeOf(path: string, index: number): string {
  return `${path} ${'· '.repeat(index)}`.trimEnd()
}

function optionArms(all: readonly Place[], emit: (words: readonly string[]) => string): string {
  const [root, ...others] = all
  return others
    .filter(({ options }) => options.length > 0)
    .map(
      ({ path, options }) => `    ${quote(path)}*) ${emit([...words(options), ...words(root!.options)])} ;;`,
    )
    .join('\n')
}

function words(options: readonly OptionWord[]): string[] {
  return options.flatMap(patterns)
}

/** Words that are no command at their place count as `·`, so that the n-th argument is found by its path. */
function paths(all: readonly Place[]): string {
  return all
    .filter(({ path }) => path !== '')
    .map(({ path }) => quote(path))
    .join('|')
}

function bash(all: readonly Place[]): string {
  const emit = (list: readonly string[]) => `words=${quote(list.join(' '))}`
  const values = valueOptions(all)
  const skip = values.flatMap(patterns).join('|')
  const valueArms = values
    .map(option => {
      const how =
        option.completes === 'file'
          ? 'COMPREPLY=($(compgen -f -- "$cur")); return'
          : option.completes === 'host'
            ? 'words=$(lastword hosts names 2>/dev/null)'
            : emit(option.choices)
      return `    ${patterns(option).join('|')}) ${how}; COMPREPLY=($(compgen -W "$words" -- "$cur")); return ;;`
    })
    .join('\n')
  return `# bash completion for lastword
_lastword() {
  local cur=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path= words= word i name=
  # NAME=VALUE comes in three words where = breaks words.
  if [[ $cur == = ]]; then name=$previous= cur=$previous=
  elif [[ $previous == = ]]; then name=\${COMP_WORDS[COMP_CWORD-2]}= cur=\${COMP_WORDS[COMP_CWORD-2]}=$cur
  fi
  case $previous in
${valueArms}
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case $word in
    ${skip}) ((i++)); continue ;;
    -*) continue ;;
    esac
    case "\${path:+$path }$word" in
    ${paths(all)}) path="\${path:+$path }$word" ;;
    *) path="\${path:+$path }·" ;;
    esac
  done
  if [[ $cur == -* ]]; then
    words=${quote(words(all[0]!.options).join(' '))}
    case $path in
${optionArms(all, emit)}
    esac
  else
    case $path in
${placeArms(all, emit)}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  [[ \${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
  COMPREPLY=("\${COMPREPLY[@]#"$name"}")
}
complete -o default -F _lastword lastword
`
}

function zsh(all: readonly Place[]): string {
  const emit = (list: readonly string[]) => `candidates=(${list.map(quote).join(' ')})`
  const describe = (list: readonly { word: string; summary: string }[]) =>
    `described=(${list.map(({ word, summary }) => quote(`${word}:${summary.replaceAll(':', '\\:')}`)).join(' ')})`
  const values = valueOptions(all)
  const valueArms = values
    .map(option => {
      const how =
        option.completes === 'file'
          ? '_files; return'
          : option.completes === 'host'
            ? 'candidates=($(lastword hosts names 2>/dev/null))'
            : emit(option.choices)
      return `    ${patterns(option).join('|')}) ${how}; compadd -a candidates; return ;;`
    })
    .join('\n')
  const nextArms = all
    .filter(({ next }) => next.length > 0)
    .map(({ path, next }) => `    ${quote(path)}) ${describe(next)} ;;`)
    .join('\n')
  return `#compdef lastword
# zsh completion for lastword
_lastword() {
  local cur=$words[CURRENT] previous=$words[CURRENT-1] place= word
  local -a candidates described
  local -i i
  case $previous in
${valueArms}
  esac
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    case $word in
    ${values.flatMap(patterns).join('|')}) ((i++)); continue ;;
    -*) continue ;;
    esac
    case "\${place:+$place }$word" in
    ${paths(all)}) place="\${place:+$place }$word" ;;
    *) place="\${place:+$place }·" ;;
    esac
  done
  if [[ $cur == -* ]]; then
    candidates=(${words(all[0]!.options).map(quote).join(' ')})
    case $place in
${optionArms(all, emit)}
    esac
    compadd -a candidates
    return
  fi
  case $place in
${nextArms}
  esac
  if (( $#described )); then
    _describe command described
    return
  fi
  case $place in
${placeArms(
  all.map(place => ({ ...place, next: [] })),
  emit,
)}
  esac
  compadd -a candidates
}
if [[ $funcstack[1] == _lastword ]]; then _lastword "$@"; else compdef _lastword lastword; fi
`
}

function fish(all: readonly Place[]): string {
  const values = valueOptions(all)
  const lines: string[] = []
  const add = (...parts: string[]) => lines.push(['complete -c lastword', ...parts].join(' '))
  for (const { path, next, positions, goesOn, options } of all) {
    const when = (test: 'at' | 'under', place: string) =>
      `-n ${quoteFish(`__lastword_${test} ${quoteFish(place)}`)}`
    for (const { word, summary } of next)
      add(when('at', path), '-a', quoteFish(word), '-d', quoteFish(summary))
    positions.forEach((choices, index) => {
      const isOpen = goesOn && index === positions.length - 1
      if (choices.length > 0)
        add(when(isOpen ? 'under' : 'at', placeOf(path, index)), '-a', quoteFish(choices.join(' ')))
    })
    for (const option of options) {
      const under = path === '' ? [] : [`-n ${quoteFish(`__lastword_under ${quoteFish(path)}`)}`]
      add(...under, ...fishOption(option))
    }
  }
  return `# fish completion for lastword
function __lastword_place
  set -l place
  set -l skip 0
  for word in (commandline -opc)[2..]
    if test $skip = 1
      set skip 0
      continue
    end
    switch $word
      case ${values.flatMap(patterns).map(quoteFish).join(' ')}
        set skip 1
      case '-*'
      case '*'
        switch (string join ' ' $place $word)
          case ${all
            .filter(({ path }) => path !== '')
            .map(({ path }) => quoteFish(path))
            .join(' ')}
            set -a place $word
          case '*'
            set -a place '·'
        end
    end
  end
  string join ' ' $place
end
function __lastword_at
  test "$(__lastword_place)" = "$argv[1]"
end
function __lastword_under
  string match -q -- "$argv[1]*" "$(__lastword_place)"
end
complete -c lastword -f
${lines.join('\n')}
`
}

function fishOption({ word, short, summary, takesValue, choices, completes }: OptionWord): string[] {
  const parts = [
    `-l ${word.slice(2)}`,
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    '-d',
    quoteFish(summary),
  ]
  if (!takesValue) return parts
  if (completes === 'file') return [...parts, '-r', '-F']
  if (completes === 'host') return [...parts, '-x', '-a', quoteFish('(lastword hosts names 2>/dev/null)')]
  return choices.length === 0 ? [...parts, '-x'] : [...parts, '-x', '-a', quoteFish(choices.join(' '))]
}
