/** The words that ipmitool names in its own help texts, as command lines; `*` stands for a value of the user's. */

type Words = readonly string[]

/** Words of a line; what stands in brackets is one. */
function tokens(line: string): string[] {
  const found: string[] = []
  let depth = 0
  let token = ''
  for (const letter of `${line} `) {
    if (letter === '[' || letter === '<') depth++
    if (letter === ']' || letter === '>') depth--
    if (letter !== ' ' || depth > 0) token += letter
    else if (token !== '') {
      found.push(token)
      token = ''
    }
  }
  return found
}

/** `<a|b>`, `[a | b]`, `name=<a|b>`, `<value>`, or a word as it stands: what may be typed there. */
function alternatives(token: string): string[] {
  const [, name, given] = /^\[?([\w-]+)=(.*?)\]?$/.exec(token) ?? []
  if (name !== undefined) {
    const values = given!.replace(/[<>]/g, '').split('|')
    return values.length > 1 ? values.map(word => `${name}=${word}`) : [`${name}=`]
  }
  // What may be left out is taken to be there.
  const inner = token.startsWith('[') ? token.slice(1, -1) : ''
  if (inner.includes('<') || inner.includes('[')) return usage(inner)
  const bare = token.replace(/^[[<"]+|[\]>"]+$/g, '')
  if (bare.includes('|')) {
    const words = bare.split('|').map(word => word.trim().split(' ')[0]!)
    return words.filter(word => /^[\w.-]+$/.test(word))
  }
  return [bare === token && !/^X+$/.test(bare) ? bare : '*']
}

/** One line of a usage text, with every alternative written out. */
export function usage(line: string): string[] {
  let lines: Words[] = [[]]
  for (const token of tokens(line).filter(word => !/^\[?\.\.\./.test(word)))
    lines = lines.flatMap(words => alternatives(token).map(word => [...words, word]))
  return lines.map(words => words.join(' '))
}

const matches = (text: string, pattern: RegExp) => Array.from(text.matchAll(pattern), match => match[1]!)
const each = (head: string, words: readonly string[]) => words.map(word => `${head} ${word}`)
/** Words behind a colon, on as many lines as there are. */
const listed = (head: string) => (text: string) =>
  each(head, matches(text.replace(/^[^:]*:/, ''), /([\w-]+)/g))
/** Usage lines; `pattern` gives what stands behind `head`. */
const usages = (head: string, pattern: RegExp) => (text: string) =>
  matches(text, pattern).flatMap(line => each(head, usage(line.trim())).map(words => words.trim()))
/** The words at the beginning of lines. */
const starts = (head: string, pattern: RegExp) => (text: string) => each(head, matches(text, pattern))

function sdrWords(text: string): string[] {
  let commands: string[] = []
  return text.split('\n').flatMap(line => {
    const [, one, other] = /^ {15}(\w+)(?: \| (\w+))?/.exec(line) ?? []
    if (one !== undefined) {
      commands = [one, ...(other === undefined ? [] : [other])]
      return each('sdr', commands)
    }
    const option = /^ {21}(\w+)(?: <\w+>)? +\S/.exec(line)?.[1]
    // Elsewhere it is a sentence that goes on.
    if (option === undefined || !['list', 'elist', 'type', 'fill'].includes(commands[0]!)) return []
    return commands.flatMap(command => each(`sdr ${command}`, [option]))
  })
}

function sysinfoWords(text: string): string[] {
  const names = matches(text.slice(text.indexOf('Valid arguments')), /^ {4}(\w+) /gm)
  return names.flatMap(name => [`mc getsysinfo ${name}`, `mc setsysinfo ${name} *`])
}

const bootparamWords = (text: string) => [
  ...each('chassis bootparam set bootflag', matches(text, /^ {2}(none|force_\w+) +:/gm)),
  ...matches(text, /^ {2}(PEF|timeout|watchdog|reset|power) *:/gm).flatMap(word =>
    ['', 'no-'].map(no => `chassis bootparam set bootflag none options=${no}${word}`),
  ),
]

/** The arguments of ipmitool that bring a help text, and how its words are found. */
export const helpTexts: readonly (readonly [args: string, words: (text: string) => string[]])[] = [
  ['help', text => matches(text, /^\t(\w+) {2,}/gm)],
  ['raw help', text => each('raw', matches(text, /0x\w\w\s+(\w+)$/gm)).map(words => words.toLowerCase())],
  ['mc help', usages('mc', /^ {2}((?!setenables)\w.*)$/gm)],
  [
    'mc help',
    text =>
      matches(text, /^ {4}((?:recv|event|oem\d|system_event)\w*) /gm).flatMap(word => [
        `mc setenables ${word}=on`,
        `mc setenables ${word}=off`,
      ]),
  ],
  ['mc watchdog help', usages('mc watchdog', /^ {3}(\w+)/gm)],
  ['mc watchdog help', usages('mc watchdog set', /^ {7}(\w\S*) +-/gm)],
  ['mc getsysinfo help', sysinfoWords],
  ['chassis help', listed('chassis')],
  ['power help', listed('power')],
  ['chassis power help', listed('chassis power')],
  ['chassis policy help', starts('chassis policy', /^ {3}([\w-]+) +:/gm)],
  ['chassis identify help', starts('chassis identify', /^ +(force) /gm)],
  ['chassis bootdev help', starts('chassis bootdev', /^ {2}(\w+) *:/gm)],
  ['chassis bootdev help', usages('chassis', /^(bootdev .*no\])$/gm)],
  [
    'chassis bootdev pxe options=help',
    text => matches(text, /^ {2}((?!help)[\w=-]+) +:/gm).map(word => `chassis bootdev none options=${word}`),
  ],
  ['chassis bootparam help', bootparamWords],
  ['chassis bootparam help', usages('chassis', /^(bootparam get.*)$/gm)],
  ['chassis bootmbox help', usages('chassis', /^(bootmbox [gs]et.*)$/gm)],
  ['sdr help', sdrWords],
  ['sdr list help', usages('sdr', /usage: sdr (.*)/g)],
  ['sensor help', listed('sensor')],
  ['sensor thresh help', starts('sensor thresh *', /^ +(\w\w\w) = /gm)],
  ['sensor thresh help', usages('', /^(sensor thresh <id> (?:lower|upper).*)$/gm)],
  ['sel help', listed('sel')],
  ['sel time help', listed('sel time')],
  ['fru help', listed('fru')],
  ['fru edit help', usages('', /^(fru edit .*?) - /gm)],
  ['fru get help', usages('', /^(fru get .*?) - /gm)],
  ['fru internaluse help', usages('', /^(fru internaluse .*?) +- /gm)],
  ['user help', usages('user', /^ {15}(\w.*)$/gm)],
  ['lan help', usages('lan', /^\t\t {3}(\w.*)$/gm)],
  ['lan set help', usages('lan set *', /^ {2}(\w.*?)(?: {2,}.*)?$/gm)],
  ['lan set help', starts('lan set * ipsrc', /^ {4}(none|static|dhcp|bios) /gm)],
  ['lan alert set help', usages('lan alert set * *', /^ {4}(\w.*?) {2,}/gm)],
  ['channel help', usages('channel', /^(?:Channel Commands:| {16,}) ?(\w.*)$/gm)],
  ['session help', usages('session', /Commands: (.*)/g)],
  ['sol help', usages('sol', /^(?:SOL Commands:| {13}) ((?!set )\w.*)$/gm)],
  [
    'sol set help',
    text =>
      matches(text, /^ {2}(\w.*)$/gm)
        .flatMap(line => usage(line.replace(/ (?=\w[^<]*\|)(.*)/, ' <$1>').replace(/ N$/, ' <N>')))
        .map(words => `sol set ${words}`),
  ],
  ['pef help', usages('', /^ {7}(pef .*)$/gm)],
  ['dcmi help', starts('dcmi', /^ {4}(\w+) {4}/gm)],
  ['dcmi power help', starts('dcmi power', /^ {4}(\w+) {4}/gm)],
  ['dcmi power reading help', starts('dcmi power reading', /^\s+(\d+_\w+)/gm)],
  ['dcmi power set_limit help', usages('dcmi power set_limit', /^ {4}(\w.*)$/gm)],
  ['dcmi thermalpolicy help', starts('dcmi thermalpolicy', /^ {4}(\w+) {4}/gm)],
  ['dcmi set_conf_param help', starts('dcmi set_conf_param', /^ {4}(\w+) {4}/gm)],
  ['event help', starts('event', /^ {3}(\d) :/gm)],
  ['event help', usages('', /usage: (event (?!<num>).*)/g)],
  ['set help', usages('set', /^ {4}(\w.*?) {2,}/gm)],
]
