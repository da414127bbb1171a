/** `lastword hosts`: the named hosts. */
import { shownUrl } from '../../client/shown-url.ts'
import { hostsFile, readHosts } from '../connection/hosts.ts'
import { group, subcommand } from '../declare.ts'

const list = subcommand({
  name: 'list',
  summary: 'the named hosts',
  async run() {
    const hosts = await readHosts(process.env)
    return hosts.map(({ name, url, user, privilege, cipherSuite, password }) => ({
      name,
      url: shownUrl(url),
      user,
      privilege,
      cipherSuite,
      passwordFrom: password?.from ?? 'anywhere',
    }))
  },
  view: as =>
    as.table(
      'There is no named host; docs/cli.md tells how to name one.',
      ['name', host => host.name],
      ['url', host => host.url],
      ['user', host => host.user],
      ['password from', host => host.passwordFrom],
    ),
})

const path = subcommand({
  name: 'path',
  summary: 'where the file is looked for',
  run: async () => hostsFile(process.env),
  view: as => as.lines(file => file),
})

export const hosts = group('hosts', 'the named hosts of the configuration file', [list, path], {
  whenAlone: 'list',
})
