import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parsePackageRecord, updateFailure } from './package-index.ts'

const shown = `Package: linux-image-7.3.4+deb13-amd64
Version: 7.3.4-1~bpo13+1
Depends: dracut | initramfs-tools (>= 0.120), linux-binary-7.3.4+deb13-amd64 (= 7.3.4-1~bpo13+1), kmod
Pre-Depends: linux-base (>= 4.17~)
SHA256: 7a6ff1ee63d0aafedbab6a507939ab6bce618f8fda1b3f0c42b78678ec661844

Package: linux-image-7.3.4+deb13-amd64
Version: 7.3.3-1
`

describe('a package record', () => {
  it("is read from apt-cache's first paragraph, dependencies with their exact versions", () => {
    assert.deepEqual(parsePackageRecord(shown), {
      name: 'linux-image-7.3.4+deb13-amd64',
      version: '7.3.4-1~bpo13+1',
      sha256: '7a6ff1ee63d0aafedbab6a507939ab6bce618f8fda1b3f0c42b78678ec661844',
      depends: [
        { name: 'dracut' },
        { name: 'linux-binary-7.3.4+deb13-amd64', version: '7.3.4-1~bpo13+1' },
        { name: 'kmod' },
      ],
    })
  })

  it('is undefined for a package that is not there', () => {
    assert.equal(parsePackageRecord(''), undefined)
  })
})

describe('a failed update of the index', () => {
  const codes = (stderr: string) => updateFailure('trixie', stderr)?.code

  it('of a suite that the mirror does not have says so', () => {
    const said =
      "E: The repository 'http://mirror.test/debian trixie Release' does not have a Release file.\n"
    assert.equal(codes(said), 'SUITE_UNKNOWN')
  })

  it('without a network says so, and what apt said', () => {
    const said = "W: Failed to fetch http://mirror.test/InRelease  Could not resolve 'mirror.test'\n"
    assert.equal(codes(said), 'NO_NETWORK')
    assert.match(updateFailure('trixie', said)!.message, /Could not resolve/)
  })

  it('for want of a key names the package that brings it', () => {
    const said =
      'W: GPG error: http://mirror.test trixie InRelease: signatures were invalid: NO_PUBKEY 6ED0E7B82643E131\n'
    assert.equal(codes(said), 'SUITE_UNTRUSTED')
    assert.match(updateFailure('trixie', said)!.message, /debian-archive-keyring/)
  })

  it('of the security archive alone is no failure: not every suite has one', () => {
    const said =
      "E: The repository 'http://mirror.test/debian-security trixie-security Release' does not have a Release file.\n"
    assert.equal(codes(said), undefined)
  })

  it('is none when apt said nothing', () => {
    assert.equal(codes(''), undefined)
  })
})
