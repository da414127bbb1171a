/** `lastword lab kernel` when something is missing, wrong or interrupted: one clear line, a status, and nothing left behind. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it as itAlways } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Kernel } from '../../lab/kernel/debian-kernel.ts'
import { itBoots } from '../../lab/kernel/needs-programs.ts'
import { findProgram } from '../../lab/kernel/run-program.ts'

const programs = ['qemu-system-x86_64', 'qemu-img', 'busybox', 'ipmitool'] as const
const it = itBoots(...programs)
const cli = join(dirname(fileURLToPath(import.meta.url)), '..', 'main.js')

interface Ended {
  status: number | null
  stdout: string
  stderr: string
}

function start(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [cli, 'lab', 'kernel', ...args], { env: { ...process.env, ...env } })
}

async function ended(child: ChildProcess): Promise<Ended> {
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', bytes => {
    stdout += bytes
  })
  child.stderr?.on('data', bytes => {
    stderr += bytes
  })
  const [status] = await once(child, 'close')
  return { status, stdout, stderr }
}

const run = (args: readonly string[], env?: Record<string, string>) => ended(start(args, env))

/** One line that says what is wrong, with its code, and no stack trace. */
function assertSays({ stderr }: Ended, code: string, text: RegExp): void {
  const lines = stderr.split('\n').filter(line => line.startsWith('lastword: '))
  assert.equal(lines.length, 1, stderr)
  assert.match(lines[0]!, new RegExp(`\\[${code}\\]$`))
  assert.match(lines[0]!, text)
  assert.doesNotMatch(stderr, /\n {4}at /)
}

const cutKeys = [
  ...[
    'kind',
    'kernel',
    'interface',
    'panicOp',
    'after',
    'instruction',
    'symbol',
    'step',
    'outcome',
    'executed',
  ],
  'silent',
]

/** Standard output with --json: each line is an object. */
function linesOf(stdout: string): Record<string, unknown>[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
}

/** The options for a kernel of one's own. */
function own({ vmlinuz }: Kernel): string[] {
  return ['--kernel', vmlinuz, '--modules', dirname(vmlinuz)]
}

/** Command lines of the processes that know this folder. */
async function processesOf(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')
    if (commandLine.includes(folder)) found.push(commandLine)
  }
  return found
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 3600; tries++) {
    if (await condition()) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  assert.fail(`never: ${what}`)
}

describe('lastword lab kernel', () => {
  let folder: string
  let scratch: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lastword-test-'))
    scratch = join(folder, 'scratch')
    await mkdir(scratch)
  })
  after(() => rm(folder, { recursive: true }))

  /** A PATH on which all but one program is found. */
  async function pathWithout(missing: string): Promise<string> {
    const bin = join(folder, `without-${missing}`)
    await mkdir(bin)
    const wanted = [...programs, 'ldd', 'sh', 'bash', 'xz', 'node']
    for (const name of wanted) {
      const path = findProgram(name)
      if (name !== missing && path !== undefined) await symlink(path, join(bin, name))
    }
    return bin
  }

  for (const missing of ['qemu-system-x86_64', 'qemu-img'] as const) {
    it(`without ${missing} names the command that brings it`, async kernel => {
      const end = await run([...own(kernel), '--at', 'done'], {
        PATH: await pathWithout(missing),
        TMPDIR: scratch,
      })
      assertSays(
        end,
        'NO_PROGRAM',
        new RegExp(`${missing} is not installed; install it with: apt-get install`),
      )
      assert.equal(end.status, 1)
      assert.deepEqual(await readdir(scratch), [])
    })
  }

  it('with a program missing prints no heading', async () => {
    const bin = join(folder, 'empty-bin')
    await mkdir(bin)
    for (const args of [['--at', 'done'], ['--cut', 'no-answer'], []]) {
      const end = await run(args, { PATH: bin })
      assertSays(end, 'NO_PROGRAM', /qemu-system-x86_64 is not installed/)
      assert.deepEqual([end.status, end.stdout], [1, ''])
    }
  })

  it('with a folder for a kernel says so', async kernel => {
    const end = await run(['--kernel', folder, '--modules', dirname(kernel.vmlinuz), '--at', 'done'])
    assertSays(end, 'NOT_A_KERNEL', /cannot be read: EISDIR/)
    assert.equal(end.status, 1)
  })

  it('with a file that is no kernel says so', async kernel => {
    const file = join(folder, 'text')
    await writeFile(file, 'no kernel')
    const end = await run(['--kernel', file, '--modules', dirname(kernel.vmlinuz), '--at', 'done'])
    assertSays(end, 'NOT_A_KERNEL', /is no x86 Linux kernel/)
    assert.equal(end.status, 1)
  })

  it('with a kernel that does not boot says how far it came', async kernel => {
    const file = join(folder, 'vmlinuz-broken')
    await cp(kernel.vmlinuz, file)
    // The setup header is whole, what it would unpack is not.
    await truncate(file, 600_000)
    const args = ['--kernel', file, '--modules', dirname(kernel.vmlinuz), '--at', 'done']
    const end = await run(args, { TMPDIR: scratch })
    assertSays(end, '(?:KERNEL_DID_NOT_BOOT|QEMU_DIED)', /did not reach|ended as it was started/)
    assert.equal(end.status, 1)
    assert.deepEqual(await readdir(scratch), [])
  })

  it('without ipmi_si among the modules says so', async kernel => {
    const modules = join(folder, 'modules')
    await cp(dirname(kernel.vmlinuz), modules, { recursive: true })
    await rm(join(modules, 'ipmi_si.ko'))
    const end = await run(['--kernel', kernel.vmlinuz, '--modules', modules, '--at', 'done'])
    assertSays(end, 'MODULE_MISSING', /ipmi_si/)
    assert.equal(end.status, 1)
  })

  it('with a picture in a folder that is not there says so before anything is booted', async kernel => {
    const end = await run([...own(kernel), '--svg', join(folder, 'nowhere', 'way.svg')])
    assertSays(end, 'FILE_UNWRITABLE', /cannot be written.*nowhere/)
    assert.deepEqual([end.status, end.stdout], [1, ''])
  })

  it('for a symbol that the kernel does not have, among others, names the nearest before any cut', async kernel => {
    const end = await run([...own(kernel), '--at', 'done', 'smi_snd', '--json'], { TMPDIR: scratch })
    assertSays(end, 'SYMBOL_UNKNOWN', /the nearest are smi_send/)
    assert.deepEqual([end.status, end.stdout], [1, ''])
    assert.deepEqual(await readdir(scratch), [])
  })

  it('interrupted while a kernel is fetched ends with 130, no process and no file left', async () => {
    const bin = join(folder, 'slow-bin')
    await mkdir(bin)
    await writeFile(join(bin, 'apt-get'), '#!/bin/sh\nsleep 300 # "$@"\n', { mode: 0o755 })
    const cache = join(folder, 'cache')
    const child = start(['--at', 'done'], { PATH: `${bin}:${process.env.PATH}`, LASTWORD_CACHE: cache })
    const end = ended(child)
    await until(async () => (await processesOf(cache)).length > 0, 'apt-get starts')
    child.kill('SIGINT')
    const { status, stderr } = await end
    assert.equal(status, 130)
    assert.match(stderr, /Reading the package index.*interrupted; nothing was left behind/s)
    assert.deepEqual(await processesOf(cache), [])
    assert.deepEqual(await readdir(join(cache, 'kernels')), [])
  })

  it('with --at and --json prints a row for each place, each hang a window of its own, and nothing else', async kernel => {
    const { status, stdout, stderr } = await run([
      ...own(kernel),
      '--at',
      'before-2',
      'sender/1',
      'before-3',
      '--json',
    ])
    assert.equal(status, 0, stderr)
    const [hang, behind, whole, summary, ...others] = linesOf(stdout)
    assert.deepEqual(others, [])
    const version = kernel.version
    const row = { kind: 'kernel-cut', kernel: version, interface: 'kcs', panicOp: 'string' }
    const beforeTwo = { ...row, after: 'sender', instruction: 0, symbol: 'sender', step: 'before-2' }
    const ofHang = { outcome: 'hang', executed: 0, silent: true }
    assert.deepEqual(hang, { ...beforeTwo, ...ofHang })
    assert.deepEqual(Object.keys(hang!), Object.keys({ ...beforeTwo, ...ofHang }))
    assert.deepEqual(behind, { ...beforeTwo, instruction: 1, symbol: behind?.symbol, step: null, ...ofHang })
    assert.match(String(behind?.symbol), /^sender\+0x/)
    const through = { outcome: 'recorded', executed: 1, silent: false }
    const beforeThree = {
      after: 'start_next_msg',
      instruction: 0,
      symbol: 'start_next_msg',
      step: 'before-3',
    }
    assert.deepEqual(whole, { ...row, ...beforeThree, ...through })
    assert.deepEqual(summary, {
      ...{ kind: 'kernel-summary', kernel: version, cuts: 3, hangs: 2, strayed: 0 },
      windows: [
        { after: 'sender', from: 0, to: 0, step: 'before-2' },
        { after: 'sender', from: 1, to: 1, step: null },
      ],
    })
  })

  it('with --random and --json numbers its cuts, which have no step and make no windows', async kernel => {
    const { status, stdout, stderr } = await run([...own(kernel), '--random', '3', '--json'])
    assert.equal(status, 0, stderr)
    const lines = linesOf(stdout)
    const summary = lines.pop()
    const hangs = lines.filter(({ outcome }) => outcome === 'hang').length
    assert.deepEqual(lines.map(({ instruction }) => Number(instruction)).sort(), [1, 2, 3])
    for (const row of lines) {
      assert.deepEqual(Object.keys(row), cutKeys)
      assert.deepEqual([row.kind, row.after, row.step], ['kernel-cut', 'random', null])
    }
    const counts = { cuts: 3, hangs, strayed: 0, windows: [] }
    assert.deepEqual(summary, { kind: 'kernel-summary', kernel: kernel.version, ...counts })
  })

  it('with --from puts what runs have printed into one table and one picture', async kernel => {
    const rows = { kind: 'kernel-cut', interface: 'kcs', panicOp: 'string', after: 'sender', instruction: 0 }
    const files = []
    for (const version of ['6.1.9', '7.3.4']) {
      const row = { ...rows, kernel: version, step: 'before-2', outcome: 'hang', executed: 0, silent: true }
      files.push(join(folder, `${version}.jsonl`))
      const summary = { kind: 'kernel-summary', kernel: version, cuts: 1, hangs: 1 }
      await writeFile(files.at(-1)!, `${JSON.stringify(row)}\n${JSON.stringify(summary)}\n`)
    }
    const svg = join(folder, 'both.svg')
    const end = await run(['--from', ...files, '--svg', svg])
    assert.deepEqual([end.status, end.stderr], [0, ''])
    assert.match(end.stdout, /Linux 6\.1\.9 KCS +Linux 7\.3\.4 KCS +none \(lab, KCS\)/)
    const picture = await readFile(svg, 'utf8')
    assert.deepEqual(
      [...picture.matchAll(/>(Linux [^<]+|\w+ \(lab, KCS\))</g)].map(([, name]) => name),
      ['Linux 6.1.9 KCS', 'Linux 7.3.4 KCS', 'none (lab, KCS)', 'drop (lab, KCS)', 'resend (lab, KCS)'],
    )
    const wrong = await run(['--from', kernel.vmlinuz])
    assertSays(wrong, 'NO_ROWS', /has no kernel-cut with a step/)
    assert.deepEqual([wrong.status, wrong.stdout], [1, ''])
  })

  it('interrupted in the middle of what two machines share ends with 130, no process and no file left', async kernel => {
    const args = [...own(kernel), '--every-instruction', '--jobs', '2', '--json']
    const child = start(args, { TMPDIR: scratch })
    const end = ended(child)
    let stdout = ''
    child.stdout?.on('data', bytes => {
      stdout += bytes
    })
    await until(async () => stdout.includes('"kernel-cut"'), 'a first row')
    const qemus = (await processesOf(scratch)).filter(
      line => line.startsWith('/') && line.includes('qemu-system'),
    )
    assert.ok(qemus.length >= 2, qemus.join('\n'))
    child.kill('SIGINT')
    const { status, stderr } = await end
    assert.equal(status, 130)
    assert.match(stderr, /interrupted; nothing was left behind/)
    assert.deepEqual(await processesOf(scratch), [])
    assert.deepEqual(await readdir(scratch), [])
  })
})

describe('npm run lab:kernel', () => {
  itAlways('names its sweeps, with status 2, where none has the name that was asked for', async () => {
    const script = join(dirname(cli), '..', '..', 'scripts', 'lab-kernel.mjs')
    const end = await ended(spawn(process.execPath, [script, 'steps-trixie', 'nosuch']))
    assert.deepEqual([end.status, end.stdout], [2, ''])
    assert.match(end.stderr, /^'nosuch' is in no sweep's name; there are store-bookworm-kcs, .*every-/)
  })
})

describe("lab kernel's command line", () => {
  const wrong: readonly (readonly [args: string, says: RegExp])[] = [
    ['--at done --sample 3', /--at and --sample do not go together/],
    ['--hit 2 --sample 3', /--hit needs --at/],
    [
      '--watchdog',
      /--watchdog needs --at, --every-instruction, --every-store, --sample, --random or --compare/,
    ],
    ['--at done --cut no-answer', /do not go together/],
    ['--every-instruction --instructions 9-3', /two whole numbers/],
    ['--instructions 3-9 --at done', /--instructions needs --every-instruction/],
    ['--instructions 3-9', /--instructions needs --every-instruction/],
    ['--at sender+zz done', /'sender\+zz' is no step and not of the form/],
    ['--read --sample 3', /--read needs --at/],
    ['--check 3 --every-instruction', /--check needs --every-store/],
    ['--random 0', /whole number from 1 on/],
    ['--random 5 --compare', /no steps to compare/],
    ['--at done kcs_event --compare', /'kcs_event' is no step of the mail/],
    ['--at done/3 --svg way.svg', /'done\/3' is no step of the mail/],
    ['--jobs 2 --at done', /--jobs needs --every-instruction, --every-store, --sample or --random/],
    ['--jobs 2', /--jobs needs/],
    ['--jobs 9 --every-store', /--jobs 9 is more than 8 machines/],
    ['--jobs 2 --every-store --cpus 2', /--jobs and --cpus 2 do not go together/],
    ['--debian ../../etc', /'\.\.\/\.\.\/etc' is no name of a suite/],
    ['--debian=', /'' is no name of a suite/],
    ['--debian=Trixie --at done', /'Trixie' is no name of a suite/],
    ['--from a.jsonl --at done', /--from goes with --svg only/],
    ['--from a.jsonl --json', /--from goes with --svg only/],
    ['--at done --cpus both', /take 1 or 2/],
    ['--kernel vmlinuz --at done', /--kernel and --modules go together/],
    ['--kernel vmlinuz --modules . --debian trixie', /--kernel and --debian do not go together/],
  ]
  for (const [args, says] of wrong) {
    itAlways(`refuses ${args} with status 2`, async () => {
      const end = await run(args.split(' '))
      assert.equal(end.status, 2, end.stderr)
      assert.match(end.stderr, says)
      assert.equal(end.stdout, '')
    })
  }
})
