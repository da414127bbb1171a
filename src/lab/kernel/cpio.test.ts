import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { type CpioEntry, cpioArchive } from './cpio.ts'
import { needs } from './needs-programs.ts'

const entries: CpioEntry[] = [
  { kind: 'folder', path: 'dev' },
  { kind: 'file', path: '/bin/busybox', content: Buffer.from('12345'), mode: 0o755 },
  { kind: 'link', path: 'bin/sh', target: 'busybox' },
  { kind: 'file', path: 'init', content: Buffer.from('#!/bin/sh\n'), mode: 0o755 },
]

describe('a cpio archive', () => {
  it('is the same bytes for the same entries', () => {
    assert.deepEqual(cpioArchive(entries), cpioArchive(entries))
  })

  it('starts each entry with the newc magic, at a multiple of four', () => {
    const archive = cpioArchive(entries)
    const starts: number[] = []
    for (let at = archive.indexOf('070701'); at >= 0; at = archive.indexOf('070701', at + 1)) starts.push(at)
    // dev, bin, bin/busybox, bin/sh, init, TRAILER!!!
    assert.equal(starts.length, 6)
    assert.ok(starts.every(at => at % 4 === 0))
    assert.ok(archive.includes('TRAILER!!!'))
  })

  it('keeps the last of two entries with one path', () => {
    const twice: CpioEntry[] = [
      { kind: 'file', path: 'init', content: Buffer.from('old') },
      { kind: 'file', path: 'init', content: Buffer.from('new') },
    ]
    const archive = cpioArchive(twice)
    assert.ok(archive.includes('new'))
    assert.ok(!archive.includes('old'))
  })

  it('is read by cpio(1): folders of its files come by themselves', needs('cpio'), () => {
    const listed = spawnSync('cpio', ['-t', '-v', '--quiet'], {
      input: cpioArchive(entries),
      encoding: 'utf8',
    })
    assert.equal(listed.status, 0)
    assert.deepEqual(
      listed.stdout
        .trim()
        .split('\n')
        .map(line => line.split(/\s+/))
        .map(([mode, ...rest]) => [mode, rest.at(-1)]),
      [
        ['drwxr-xr-x', 'dev'],
        ['drwxr-xr-x', 'bin'],
        ['-rwxr-xr-x', 'bin/busybox'],
        ['lrwxrwxrwx', 'busybox'],
        ['-rwxr-xr-x', 'init'],
      ],
    )
  })
})
