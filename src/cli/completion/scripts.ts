/** Completion scripts for bash, zsh and fish: they ask `lastword completion words` what may come next. */

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

export function completionScript(shell: Shell): string {
  return { bash, zsh, fish }[shell]
}

const bash = `# bash completion for lastword
_lastword() {
  local line=\${COMP_LINE:0:COMP_POINT} rest word last kind i
  local -a typed=()
  # bash breaks words at = : and @ as well; here only blanks count.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    rest=\${line#"\${line%%[![:space:]]*}"} word=\${COMP_WORDS[i]}
    ((i == COMP_CWORD)) && word=$rest
    if ((i == 0)) || [[ $rest != "$line" ]]; then typed+=("$word"); else typed[\${#typed[@]}-1]+=$word; fi
    line=\${rest#"$word"}
  done
  last=\${typed[\${#typed[@]}-1]}
  {
    IFS= read -r kind
    while IFS=$'\\t' read -r word _; do COMPREPLY+=("$word"); done
  } < <(printf '%s\\0' "\${typed[@]:1}" | lastword completion words 2>/dev/null)
  # bash itself completes file names, of which it knows how to quote them.
  [[ $kind == files ]] && compopt -o default
  [[ \${COMPREPLY[0]-} == *= ]] && compopt -o nospace
  # What stands before the = is no part of the word that bash replaces.
  [[ $COMP_WORDBREAKS == *=* ]] && COMPREPLY=("\${COMPREPLY[@]#"\${last%"\${last##*=}"}"}")
}
complete -F _lastword lastword
`

const zsh = `#compdef lastword
# zsh completion for lastword
_lastword() {
  local line item
  local -a typed lines closed open
  typed=("\${(@Q)words[2,CURRENT-1]}" "$PREFIX")
  lines=("\${(@f)$(printf '%s\\0' "\${(@)typed}" | lastword completion words 2>/dev/null)}")
  if [[ $lines[1] == files ]]; then
    [[ $PREFIX == --*=* ]] && compset -P '*='
    _files
    return
  fi
  for line in "\${(@)lines[2,-1]}"; do
    item="\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}"
    if [[ $line == *=$'\\t'* ]]; then open+=("$item"); else closed+=("$item"); fi
  done
  _describe word closed -- open -S ''
}
if [[ $funcstack[1] == _lastword ]]; then _lastword "$@"; else compdef _lastword lastword; fi
`

const fish = `# fish completion for lastword
function __lastword_words
  set -l last (commandline -ct)
  set -l typed (commandline -opc)[2..]
  set -l lines (printf '%s\\0' $typed "$last" | lastword completion words 2>/dev/null)
  if test "$lines[1]" = files
    set -l stem (string match -r -- '^--[^=]*=' "$last")
    for name in (__fish_complete_path (string replace -- "$stem" '' "$last"))
      echo "$stem$name"
    end
  else
    printf '%s\\n' $lines[2..]
  end
end
complete -c lastword -f -a '(__lastword_words)'
`
