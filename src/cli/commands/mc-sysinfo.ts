/** `lastword mc getsysinfo` and `setsysinfo`: what the system says of itself. IPMI 2.0 rev 1.1, section 22.14a. */
import { subcommand } from '../declare.ts'
import { choice, text } from '../params.ts'

/** ipmitool's words; Dell's parameters are numbers of its own. */
const parameters = {
  system_fw_version: 'firmwareVersion',
  primary_os_name: 'primaryOsName',
  os_name: 'osName',
  system_name: 'systemName',
  delloem_os_version: 'dellOsVersion',
  delloem_url: 'dellUrl',
} as const

type Word = keyof typeof parameters
const which = choice(Object.keys(parameters) as Word[], 'which string')

export const getsysinfo = subcommand({
  name: 'getsysinfo',
  summary: 'a string that the system has told its BMC',
  args: { which },
  run: async ({ bmc, signal }, { which: name }) => ({
    name,
    text: await (await bmc()).device.systemInfo(parameters[name], { signal }),
  }),
  view: as => as.lines(({ text: shown }) => shown ?? 'This BMC does not have it.'),
})

export const setsysinfo = subcommand({
  name: 'setsysinfo',
  summary: 'tells the BMC a string about the system',
  args: { which, text: text('TEXT', 'up to 255 bytes') },
  async run({ bmc, signal }, { which: name, text: given }) {
    await (await bmc()).device.setSystemInfo(parameters[name], given, { signal })
    return { name, text: given }
  },
  view: as => as.lines(({ name, text: shown }) => `${name} is now ${shown}`),
})
