/** How a URL is shown, and a text that may repeat one: without its password and keys. */

const keys = /([?&](?:kg|kghex)=)[^\s&"#]*/gi

/** A URL, or what was meant to be one. */
export function shownUrl(url: string): string {
  return url.replace(/^((?:[a-z][\w+.-]*:\/\/)?[^:/@]*):(?!\/\/).*@/is, '$1:…@').replace(keys, '$1…')
}

/** Words stand in quotes: there a password may have blanks. */
export function withoutSecrets(text: string): string {
  return text
    .replace(/"([^"\n]*)"/g, (_, word: string) => `"${shownUrl(word)}"`)
    .replace(/((?::\/\/|^|[\s"'(=])[^\s:/@"'(=]*):(?!\/\/)\S*@/gm, '$1:…@')
    .replace(keys, '$1…')
}
