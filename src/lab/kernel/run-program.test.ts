import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { expectSuccess, findProgram, requireProgram, runPipeline, runProgram } from './run-program.ts'

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

  it('feeds another through a pipe, and a failure of either is seen', async () => {
    const both = await runPipeline(['sh', '-c', 'echo b; echo a'], ['sort'])
    assert.equal(both.stdout.toString(), 'a\nb\n')
    await assert.rejects(runPipeline(['sh', '-c', 'exit 1'], ['sort']), { code: 'PROGRAM_FAILED' })
    await assert.rejects(runPipeline(['echo'], ['sh', '-c', 'exit 1']), { code: 'PROGRAM_FAILED' })
  })
})
