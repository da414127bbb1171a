/** Folders are made with those above them, and where none can be made that is an error. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { makeFolder } from './make-folder.ts'

describe('a folder', () => {
  it('is made with all above it, for its owner only, and may be there already', () => {
    const top = mkdtempSync(join(tmpdir(), 'lastword-folder-'))
    try {
      const parents: string[] = []
      const deep = join(top, 'a', 'b', 'c')
      makeFolder(deep, { mode: 0o700, onMade: parent => parents.push(parent) })
      makeFolder(deep, { mode: 0o700 })
      for (const folder of [deep, join(top, 'a')]) assert.equal(statSync(folder).mode & 0o777, 0o700)
      assert.deepEqual(parents, [top, join(top, 'a'), join(top, 'a', 'b')])
    } finally {
      rmSync(top, { recursive: true })
    }
  })

  it('below /proc is refused, not tried for ever', () => {
    const module = new URL('./make-folder.js', import.meta.url).href
    const script = `import { makeFolder } from ${JSON.stringify(module)}
      try { makeFolder('/proc/lastword/sdr') } catch (error) { console.log(error.code) }`
    // A process of its own: one that tries for ever does not come back to look at its clock.
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
      timeout: 20_000,
      encoding: 'utf8',
    })
    assert.match(stdout, /^(ENOENT|EACCES|EPERM|EROFS)\n$/)
  })
})
