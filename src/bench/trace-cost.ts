/** What tracepoints cost while nobody listens: the same messages through the same code with every tracepoint cut out. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Figure, pairedSeconds } from './figure.ts'

type RunMessages = (count: number) => void

const MESSAGES = 40_000
/** A tracepoint as the compiler writes it. */
const tracepoint =
  /^\s*if \((?:this\.)?[#\w.]*race\.hook !== null\)\s*\n?\s*(?:this\.)?[#\w.]*race\.hook\(.*\);$/gm

export async function traceCost(): Promise<Figure[]> {
  const dist = fileURLToPath(new URL('..', import.meta.url))
  const folder = mkdtempSync(join(tmpdir(), 'lastword-bench-'))
  try {
    cpSync(dist, join(folder, 'dist'), { recursive: true })
    symlinkSync(join(dist, '..', 'node_modules'), join(folder, 'node_modules'))
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    const removed = removeTracepoints(join(folder, 'dist'))
    const bare = await load(join(folder, 'dist', 'bench', 'run-messages.js'))
    const traced = await load(join(dist, 'bench', 'run-messages.js'))
    const { ratio } = pairedSeconds(
      () => traced(MESSAGES),
      () => bare(MESSAGES),
      15,
    )
    return [
      {
        name: `messages with ${removed} tracepoints that nobody listens to`,
        value: `${ratio.toFixed(3)}`,
        against: 'of the time without any in the code (1 is no cost)',
      },
    ]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function removeTracepoints(dist: string): number {
  let removed = 0
  for (const part of ['handler', 'si']) {
    for (const name of readdirSync(join(dist, part), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.js') || name.endsWith('.test.js')) continue
      const file = join(dist, part, name)
      const text = readFileSync(file, 'utf8').replace(tracepoint, () => {
        removed++
        return ''
      })
      writeFileSync(file, text)
    }
  }
  return removed
}

async function load(file: string): Promise<RunMessages> {
  const module = (await import(pathToFileURL(file).href)) as { runMessages: RunMessages }
  return module.runMessages
}
