import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import {
  type AptSource,
  formatDeb822Sources,
  parseDeb822Sources,
  parseOneLineSources,
  readSystemSources,
  sourcesForSuite,
} from './apt-sources.ts'

const archive: AptSource = {
  uris: ['http://mirror.test/debian'],
  suites: ['bookworm', 'bookworm-updates'],
  components: ['main', 'contrib'],
  signedBy: '/keys/debian.gpg',
}
const security: AptSource = {
  uris: ['http://mirror.test/debian-security'],
  suites: ['bookworm-security'],
  components: ['main'],
}

describe('apt sources', () => {
  it('are read from a deb822 file, whatever the case of its fields', () => {
    const text = [
      'types: deb deb-src',
      'URIs: http://mirror.test/debian',
      'Suites: bookworm bookworm-updates',
      '# a comment between fields',
      'Components: main contrib',
      'Signed-By: /keys/debian.gpg',
    ].join('\n')
    assert.deepEqual(parseDeb822Sources(text), [archive])
  })

  it('leave out disabled entries and those for source packages', () => {
    const text = `Types: deb-src\nURIs: http://a.test\nSuites: x\n
Types: deb\nURIs: http://b.test\nSuites: x\nEnabled: no\n
Types: deb\nURIs: http://c.test\nSuites: x\nComponents: main\n`
    assert.deepEqual(
      parseDeb822Sources(text).map(source => source.uris[0]),
      ['http://c.test'],
    )
  })

  it('keep a key that is written out in full', () => {
    const key = '-----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n -----END PGP PUBLIC KEY BLOCK-----'
    const text = `Types: deb\nURIs: http://a.test\nSuites: x\nComponents: main\nSigned-By:\n ${key}\n`
    const [source] = parseDeb822Sources(text)
    assert.match(source?.signedBy ?? '', /mQINBF/)
    assert.deepEqual(parseDeb822Sources(formatDeb822Sources([source!])), [source])
  })

  it('are read from one-line files, with and without options', () => {
    const text = `# deb http://no.test x main
deb http://a.test/debian bookworm main contrib # a comment
deb [ arch=amd64 signed-by=/keys/a.gpg ] http://b.test bookworm main
deb-src http://a.test/debian bookworm main
`
    assert.deepEqual(parseOneLineSources(text), [
      { uris: ['http://a.test/debian'], suites: ['bookworm'], components: ['main', 'contrib'] },
      { uris: ['http://b.test'], suites: ['bookworm'], components: ['main'], signedBy: '/keys/a.gpg' },
    ])
  })

  it('of a system are those of sources.list and of its folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lastword-test-'))
    try {
      await mkdir(join(folder, 'sources.list.d'))
      await writeFile(join(folder, 'sources.list'), 'deb http://a.test x main\n')
      await writeFile(join(folder, 'sources.list.d', 'b.sources'), formatDeb822Sources([archive]))
      await writeFile(join(folder, 'sources.list.d', 'c.list.disabled'), 'deb http://c.test x main\n')
      const uris = (await readSystemSources(folder)).flatMap(source => source.uris)
      assert.deepEqual(uris, ['http://a.test', 'http://mirror.test/debian'])
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe('the sources for a suite', () => {
  it("are the system's own mirror and its security archive, under the suite's name", () => {
    assert.deepEqual(sourcesForSuite('trixie', 'bookworm', [archive, security]), [
      { ...archive, suites: ['trixie'], components: ['main'] },
      { ...security, suites: ['trixie-security'] },
    ])
  })

  it('have no security archive for backports and for the moving suites', () => {
    for (const suite of ['trixie-backports', 'sid']) {
      const suites = sourcesForSuite(suite, 'bookworm', [archive, security]).flatMap(source => source.suites)
      assert.deepEqual(suites, [suite])
    }
  })

  it("come from the system's own entry for that suite when there is one", () => {
    const other = { ...archive, uris: ['http://other.test/debian'], suites: ['trixie'] }
    assert.deepEqual(sourcesForSuite('trixie', 'bookworm', [archive, other])[0]?.uris, other.uris)
  })

  it('never come from a third party that names its component otherwise', () => {
    const vendor = { uris: ['http://vendor.test'], suites: ['bookworm'], components: ['stable'] }
    assert.deepEqual(sourcesForSuite('bookworm', 'bookworm', [vendor, archive])[0]?.uris, archive.uris)
  })

  it('are missed with an error that says what to do', () => {
    assert.throws(() => sourcesForSuite('trixie', 'bookworm', []), { code: 'NO_APT_SOURCE' })
  })
})
