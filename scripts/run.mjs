/** Every npm script: brings dependencies, build and peers up to date, then runs the asked-for part. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
process.chdir(root)
const [part, ...args] = process.argv.slice(2)

/** Runs a command; its standard output goes to our standard error, which keeps ours for the product. */
function run(command, commandArgs, options = {}) {
  const done = spawnSync(command, commandArgs, { stdio: ['inherit', 2, 2], ...options })
  if (done.error) fail(`${command} could not be started: ${done.error.message}`)
  if (done.status !== 0) process.exit(done.status ?? 1)
}

function fail(message) {
  process.stderr.write(`lastword: ${message}\n`)
  process.exit(1)
}

function installDependencies() {
  const lock = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex')
  const stamp = join('node_modules', '.lastword-lock')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  process.stderr.write('Installing dependencies (once) …\n')
  run('npm', ['ci', '--loglevel=error', '--no-audit', '--no-fund'])
  writeFileSync(stamp, lock)
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath ?? entry.path, entry.name))
}

async function build() {
  const inputs = [...filesBelow('src'), ...filesBelow('scripts'), 'tsconfig.json', 'package-lock.json'].sort()
  const hash = createHash('sha256')
  for (const file of inputs) hash.update(file).update(readFileSync(file))
  const sources = hash.digest('hex')
  const stamp = join('dist', '.built-from')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return
  for (const stale of existsSync('dist') ? filesBelow('dist') : []) {
    const source = join('src', relative('dist', stale)).replace(/\.(js|js\.map|d\.ts)$/, '.ts')
    if (/\.(js|js\.map|d\.ts)$/.test(stale) && !existsSync(source)) rmSync(stale)
  }
  mkdirSync('dist', { recursive: true })
  run(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', '.'])
  await bundle()
  writeManual()
  writeFileSync(stamp, sources)
}

/** The command line in few files: hundreds of small ones would take longer to load than to run. */
async function bundle() {
  const { build: esbuild } = await import('esbuild')
  const common = {
    bundle: true,
    platform: 'node',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: 'warning',
    // It has a binary of its own.
    external: ['koffi'],
  }
  const outdir = join('dist', 'bin')
  const main = join('dist', 'cli', 'main.js')
  await esbuild({
    ...common,
    entryPoints: { lastword: main },
    outdir,
    splitting: true,
    format: 'esm',
    // CommonJS dependencies call require().
    banner: {
      js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
    },
  })
  await esbuild({
    ...common,
    entryPoints: { whole: main },
    outdir,
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    // A script from the code cache cannot import(); what is left of that is Node's own modules.
    supported: { 'dynamic-import': false },
    // One byte a character: scripts/lastword.cjs reads it so.
    charset: 'ascii',
    define: { 'import.meta.url': 'importMetaUrl' },
    banner: { js: "const importMetaUrl=require('node:url').pathToFileURL(__filename).href;" },
  })
  copyFileSync(join('scripts', 'lastword.cjs'), join(outdir, 'lastword.cjs'))
  chmodSync(join(outdir, 'lastword.cjs'), 0o755)
  run(process.execPath, [join('scripts', 'code-cache.cjs')])
}

/** What `man lastword` shows after an installation. */
function writeManual() {
  const { status, stdout } = spawnSync(process.execPath, [join('dist', 'bin', 'lastword.js'), 'man'])
  if (status !== 0) fail('the manual page could not be made')
  writeFileSync(join('dist', 'lastword.1'), stdout)
}

function lint() {
  run(process.execPath, [join('node_modules', '@biomejs', 'biome', 'bin', 'biome'), 'check', '.'])
}

function testFiles() {
  return filesBelow('dist')
    .filter(
      file => file.endsWith('.test.js') && existsSync(file.replace(/^dist/, 'src').replace(/js$/, 'ts')),
    )
    .sort()
}

function node(nodeArgs) {
  const done = spawnSync(process.execPath, nodeArgs, { stdio: 'inherit' })
  process.exit(done.status ?? 1)
}

installDependencies()
switch (part) {
  case 'build':
    await build()
    break
  case 'lint':
    lint()
    break
  case 'start':
    await build()
    node(['dist/cli/main.js', 'demo', ...args])
    break
  case 'bench':
    await build()
    node(['dist/bench/main.js', ...args])
    break
  case 'lab:kernel':
    await build()
    node(['scripts/lab-kernel.mjs', ...args])
    break
  case 'test': {
    await build()
    lint()
    const { installPeers } = await import('./peers.mjs')
    installPeers()
    const chosen =
      args.length > 0 ? testFiles().filter(file => args.some(word => file.includes(word))) : testFiles()
    if (chosen.length === 0) fail(`no test file matches ${args.join(' ')}`)
    node(['--test', '--test-concurrency=2', ...chosen])
    break
  }
  default:
    fail(`unknown part ${part ?? '(none)'}; see the scripts in package.json`)
}
