/** `lastword bmc --host` and `--hook`, as a person starts them: the built program, a QEMU machine and ipmitool. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describeNeeds } from '../kernel/needs-programs.ts'
import { runProgram } from '../kernel/run-program.ts'
import { admin, quiet } from './client-rig.ts'

const main = fileURLToPath(new URL('../../bin/lastword.cjs', import.meta.url))
const qemu = [
  'exec qemu-system-x86_64 -machine pc -accel tcg -m 16 -display none -nodefaults -no-user-config',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is for the shell
  '-chardev socket,id=c0,host=127.0.0.1,port=${LASTWORD_VM##*:},reconnect=1',
  '-device ipmi-bmc-extern,id=bmc0,chardev=c0 -device isa-ipmi-kcs,bmc=bmc0',
].join(' ')

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setTimeout(20)
}

/** The program, with its host's processes and its hook's actions in files. */
class Program implements AsyncDisposable {
  readonly dir = mkdtempSync(join(tmpdir(), 'lastword-owned-'))
  #child: ChildProcess | null = null
  #port = ''
  /** How often it has told that the VM has connected. */
  connections = 0

  async start(host: string): Promise<void> {
    const [hosts, actions, password] = ['hosts', 'actions', 'password'].map(name => join(this.dir, name))
    writeFileSync(password!, admin.password)
    const args = ['--lan', '127.0.0.1:0', '--vm', '127.0.0.1:0', '--state', join(this.dir, 'state'), '--json']
    const login = ['--user', admin.name, '--password-file', password!]
    const commands = [
      '--host',
      `echo $$ >> ${hosts}; ${host}`,
      '--hook',
      `echo $LASTWORD_ACTION >> ${actions}`,
    ]
    const child = spawn(process.execPath, [main, 'bmc', ...args, ...login, ...commands], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    child.stderr.on('data', (text: Buffer) => {
      if (text.includes('has connected')) this.connections++
    })
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
    this.#port = (JSON.parse(line) as { lan: string }).lan.split(':')[1]!
  }

  #lines(name: string): string[] {
    const file = join(this.dir, name)
    return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []
  }

  /** Of all processes that its host has been, in order. */
  get pids(): number[] {
    return this.#lines('hosts').map(Number)
  }

  get actions(): string[] {
    return this.#lines('actions')
  }

  async ipmitool(...args: string[]): Promise<string> {
    const address = ['-I', 'lanplus', '-H', '127.0.0.1', '-p', this.#port]
    return quiet(await runProgram('ipmitool', [...address, '-U', admin.name, '-P', admin.password, ...args]))
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child!
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGTERM')
    rmSync(this.dir, { recursive: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

describeNeeds('qemu-system-x86_64', 'ipmitool')('lastword bmc --host', () => {
  it('starts a QEMU machine, restarts it by chassis power cycle, and runs --hook with what was done', async () => {
    await using program = new Program()
    await program.start(qemu)
    await until(() => program.connections === 1)
    const [first] = program.pids
    await program.ipmitool('chassis', 'power', 'cycle')
    await until(() => program.connections === 2)
    assert.equal(program.pids.length, 2)
    assert.ok(!isRunning(first!) && isRunning(program.pids[1]!))
    await until(() => program.actions.length > 1)
    assert.deepEqual(program.actions.toSorted(), ['powerDown', 'powerUp'])
    await program.ipmitool('chassis', 'power', 'off')
    await until(() => !isRunning(program.pids[1]!))
  })

  it('that was killed ends the machine it left behind before it starts another', async () => {
    await using program = new Program()
    await program.start(qemu)
    await until(() => program.connections === 1)
    await program.end('SIGKILL')
    const [orphan] = program.pids
    assert.ok(isRunning(orphan!), 'a machine that nobody ends goes on')
    await program.start(qemu)
    await until(() => program.connections === 2)
    assert.equal(program.pids.length, 2)
    assert.ok(!isRunning(orphan!))
  })
})
