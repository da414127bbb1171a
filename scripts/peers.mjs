/** Installs the real parts that the tests run against, where that is allowed: root on Debian or Ubuntu. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Each peer: the program that shows it is there, and Debian's package that brings it. */
export const peers = [
  { program: 'qemu-system-x86_64', package: 'qemu-system-x86' },
  { program: 'qemu-img', package: 'qemu-utils' },
  { program: 'busybox', package: 'busybox-static' },
  { program: 'cpio', package: 'cpio' },
  { program: 'xz', package: 'xz-utils' },
  { program: 'ipmitool', package: 'ipmitool' },
  { program: 'bmc-info', package: 'freeipmi-tools' },
  { program: 'ipmidetect', package: 'freeipmi-ipmidetect' },
  { program: 'ipmitool.py', package: 'python3-pyipmi' },
  { program: 'ipmi_sim', package: 'openipmi' },
  { program: 'mandoc', package: 'mandoc' },
  { program: 'groff', package: 'groff-base' },
  { program: 'zsh', package: 'zsh' },
  { program: 'fish', package: 'fish' },
  { program: 'editcap', package: 'wireshark-common' },
]

function isInstalled(program) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some(folder => existsSync(join(folder, program)))
}

export function missingPeers() {
  return peers.filter(peer => !isInstalled(peer.program))
}

export function installCommand(missing) {
  return `apt-get install -y --no-install-recommends ${missing.map(peer => peer.package).join(' ')}`
}

/** Brings what is missing, or says which command would; the tests that need it are then skipped by name. */
export function installPeers() {
  const missing = missingPeers()
  if (missing.length === 0) return
  const debian = existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get')
  const root = process.getuid?.() === 0
  if (!debian || !root || process.env.LASTWORD_NO_INSTALL) {
    process.stderr.write(
      `Missing: ${missing.map(peer => peer.program).join(', ')}. Tests that need them are skipped by name.\n` +
        `To bring them on Debian or Ubuntu: sudo ${installCommand(missing)}\n`,
    )
    return
  }
  process.stderr.write(`Installing peers (once): ${missing.map(peer => peer.package).join(', ')} …\n`)
  const quiet = {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }
  spawnSync('apt-get', ['update', '-q'], quiet)
  const packages = missing.map(peer => peer.package)
  const done = spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], quiet)
  if (done.status !== 0) {
    process.stderr.write(`apt-get could not install the peers:\n${done.stderr?.toString().slice(-2000)}\n`)
    if (process.env.LASTWORD_NO_SKIP) process.exit(1)
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  installPeers()
  if (missingPeers().length > 0) process.exit(1)
}
