/** The examples of the documentation: each is type-checked against the package as whoever installs it sees it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Bmc } from './client/bmc.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const compiler = join(root, 'node_modules/typescript/bin/tsc')

/** What examples may use without saying where it is from. */
const given = `
declare const bmc: import('lastword').Bmc
declare const handler: import('lastword/handler').MsgHandler
declare const password: string
declare function spin(us: number): number
`

const config = {
  compilerOptions: {
    target: 'ES2023',
    lib: ['ES2023', 'ESNext.Disposable'],
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    types: ['node'],
    strict: true,
    noEmit: true,
  },
}

const folder = mkdtempSync(join(tmpdir(), 'lastword-examples-'))
after(() => rmSync(folder, { recursive: true }))

/** A project with Lastword installed. */
function project(): void {
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  writeFileSync(join(folder, 'given.d.ts'), given)
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/lastword'))
  symlinkSync(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'))
}

/** The names of the files that hold the examples, by page and line. */
function writeExamples(): string[] {
  const pages = ['README.md', ...readdirSync(join(root, 'docs')).filter(name => name.endsWith('.md'))]
  return pages.flatMap(page => {
    const text = readFileSync(join(root, page === 'README.md' ? page : join('docs', page)), 'utf8')
    return Array.from(text.matchAll(/^```ts\n(.*?)^```$/gms), ({ 1: code = '', index }) => {
      const line = text.slice(0, index).split('\n').length
      const name = `${page.replace('.md', '')}-${line}.ts`
      // Each is a module of its own.
      writeFileSync(join(folder, name), `${code}export {}\n`)
      return name
    })
  })
}

/** What the table of helpers names, used. */
function writeHelpers(): string[] {
  const table = readFileSync(join(root, 'docs/api.md'), 'utf8').matchAll(/^\| `bmc\.(\w+)` +\| (.*) \|$/gm)
  const rows = Array.from(table, ([, helper = '', text = '']) => ({ helper, text }))
  const uses = rows.flatMap(({ helper, text }) => [
    `void bmc.${helper}`,
    ...Array.from(text.matchAll(/`(\w+)(\(\w+\))?`/g), ([, name]) => `void bmc.${helper}.${name}`),
  ])
  writeFileSync(join(folder, 'helpers.ts'), `${uses.join('\n')}\nexport {}\n`)
  return rows.map(({ helper }) => helper)
}

function typeErrors(): string {
  const { stdout, stderr } = spawnSync(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], {
    cwd: folder,
    encoding: 'utf8',
  })
  return (stdout + stderr).trim()
}

describe('the examples of the documentation', () => {
  it('compile against the package, strictly', () => {
    project()
    assert.ok(writeExamples().length >= 10)
    const helpers = writeHelpers()
    const fields = Object.keys(new Bmc({ request: () => Promise.reject(), close: async () => {} }, 'x:'))
    assert.deepEqual(
      [...fields, 'sol', 'raw'].filter(name => name !== 'url' && !helpers.includes(name)),
      [],
    )
    assert.equal(typeErrors(), '')
    // The compiler does find what is wrong.
    writeFileSync(join(folder, 'wrong.ts'), "import { FileSdrCache } from 'lastword/nothing'\n")
    assert.match(typeErrors(), /^wrong\.ts\(1,30\): error TS2307/)
  })
})
