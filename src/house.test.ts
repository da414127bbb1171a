/** The shape of the house: imports go down the list of docs/house.md, machines know no I/O, each file says what it is. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const src = join(root, 'src')

/** From the roof to the ground: a folder imports from those after it only. */
const floors = [
  'bench',
  'cli',
  'web',
  'fleet',
  'lab',
  'lastwords',
  'bmc',
  'client',
  'lan',
  'devintf',
  'handler',
  'si',
  'ports',
  'protocol',
  'machine',
]

/** Folders whose files are machines: no promise, timer, clock, socket or file inside. */
const machineFolders = ['handler', 'si', 'lan', 'protocol', 'machine']

const sources = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts') && !file.includes('.test.'))
  .map(file => ({ file, text: readFileSync(join(src, file), 'utf8') }))

function importsOf(text: string): string[] {
  return Array.from(
    text.matchAll(/^(?:import|export)[^'"]*?from\s+'(\.[^']+)'|^import\s+'(\.[^']+)'/gms),
    match => {
      return (match[1] ?? match[2])!
    },
  )
}

function folderOf(file: string): string | undefined {
  return file.includes('/') ? file.split('/')[0] : undefined
}

describe('the house', () => {
  it('has only folders that are on the list', () => {
    const unknown = sources
      .map(({ file }) => folderOf(file))
      .filter(folder => folder && !floors.includes(folder))
    assert.deepEqual([...new Set(unknown)], [])
  })

  it('imports downwards only', () => {
    const upward: string[] = []
    for (const { file, text } of sources) {
      const from = folderOf(file)
      if (from === undefined) continue
      for (const specifier of importsOf(text)) {
        const target = relative(src, join(src, file, '..', specifier))
        const to = folderOf(target)
        if (to === undefined || floors.indexOf(to) < floors.indexOf(from)) upward.push(`${file} -> ${target}`)
      }
    }
    assert.deepEqual(upward, [])
  })

  it('has no circle of imports', () => {
    const graph = new Map(
      sources.map(({ file, text }) => [
        file,
        importsOf(text).map(to => relative(src, join(src, file, '..', to))),
      ]),
    )
    const done = new Set<string>()
    const visit = (file: string, path: string[]): void => {
      assert.ok(!path.includes(file), `a circle: ${[...path.slice(path.indexOf(file)), file].join(' -> ')}`)
      if (done.has(file)) return
      for (const next of graph.get(file) ?? []) visit(next, [...path, file])
      done.add(file)
    }
    for (const file of graph.keys()) visit(file, [])
  })

  it('keeps I/O, clocks, timers and promises out of its machines', () => {
    const forbidden =
      /\basync\b|\bawait\b|\bPromise\b|setTimeout|setInterval|setImmediate|Date\.now|performance\.now|from 'node:(fs|net|dgram|timers|child_process|worker_threads)/
    const found = sources.filter(
      ({ file, text }) => machineFolders.includes(folderOf(file) ?? '') && forbidden.test(text),
    )
    assert.deepEqual(
      found.map(({ file }) => file),
      [],
    )
  })

  it('lets each file say in its first sentence what it is', () => {
    const silent = sources.filter(({ text }) => !/^(#!.*\n)?\/\*\*/.test(text)).map(({ file }) => file)
    assert.deepEqual(silent, [])
  })
})
