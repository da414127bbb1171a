import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { expectSuccess, findProgram, requireProgram, runPipeline, runProgram } from './run-program.ts'

/** What is dead and only not yet collected counts as ended. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

describe('a program of the system', () => {
  it('is found by its name or by its path', () => {
    const path = findProgram('sh')
    assert.ok(path)
    assert.equal(findProgram(path), path)
  })

  it('that is missing is named with the command that installs it', () => {
    assert.throws(() => requireProgram('no-such-program'), { code: 'NO_PROGRAM', message: /apt-get install/ })
  })

  it('gives its output and its status', async () => {
    const { exitCode, stdout, stderr } = await runProgram('sh', ['-c', 'echo out; echo err >&2; exit 3'])
    assert.deepEqual([exitCode, stdout.toString(), stderr], [3, 'out\n', 'err\n'])
  })

  it('that fails is reported with its last line', async () => {
    const result = await runProgram('sh', ['-c', 'echo first >&2; echo the reason >&2; exit 1'])
    assert.throws(() => expectSuccess('sh', result), { code: 'PROGRAM_FAILED', message: /the reason/ })
  })

  it('that does not end is stopped at its bound', async () => {
    await assert.rejects(runProgram('sleep', ['60'], { timeoutMs: 50 }), { code: 'PROGRAM_STUCK' })
  })

  it('that is told to stop is ended with all that it has started', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lastword-test-'))
    try {
      const file = join(folder, 'pid')
      const controller = new AbortController()
      const { signal } = controller
      const script = `sleep 60 & echo $! > ${file}.new; mv ${file}.new ${file}; wait`
      const running = runPipeline(['sh', '-c', script], ['cat'], { signal })
      while (!existsSync(file)) await sleep(5)
      controller.abort()
      await assert.rejects(running, { code: 'ABORTED' })
      assert.equal(isAlive(Number(await readFile(file, 'utf8'))), false)
      await assert.rejects(async () => runProgram('sh', ['-c', 'exit 0'], { signal }), { name: 'AbortError' })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('feeds another through a pipe, and a failure of either is seen', async () => {
    const both = await runPipeline(['sh', '-c', 'echo b; echo a'], ['sort'])
    assert.equal(both.stdout.toString(), 'a\nb\n')
    await assert.rejects(runPipeline(['sh', '-c', 'exit 1'], ['sort']), { code: 'PROGRAM_FAILED' })
    await assert.rejects(runPipeline(['echo'], ['sh', '-c', 'exit 1']), { code: 'PROGRAM_FAILED' })
  })
})
