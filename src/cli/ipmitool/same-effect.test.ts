/** What our subcommands change is what ipmitool then sees on the same BMC, and events sent by both are the same. */
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { admin, ClientRig } from '../../lab/bmc/client-rig.ts'
import { describeNeeds } from '../../lab/kernel/needs-programs.ts'
import { decodeSelRecord } from '../../protocol/sel-record.ts'
import { Session } from '../session.ts'
import { splitWords } from '../words.ts'

/** Lines of ours, what ipmitool is asked for then, and what it says among other things. */
const effects: readonly (readonly [lines: readonly string[], args: string, sees: RegExp])[] = [
  [
    ['mc watchdog set timeout=300 pretimeout=5 int=nmi use=oem action=reset nolog'],
    'mc watchdog get',
    /OEM \(0x85\)[\s\S]*Logging: Off[\s\S]*Hard Reset[\s\S]*NMI[\s\S]*5 seconds[\s\S]*300\.0 sec/,
  ],
  [
    ['mc setenables oem0=on event_msg=on'],
    'mc getenables',
    /Message Buffer +: enabled[\s\S]*OEM 0 +: enabled/,
  ],
  [['mc setsysinfo os_name "Debian GNU/Linux 13"'], 'mc getsysinfo os_name', /^Debian GNU\/Linux 13$/m],
  [
    ['chassis bootdev cdrom options=efiboot,persistent,lockkbd,verbose=yes,cons_redirect=skip'],
    'chassis bootparam get 5',
    /all future boots[\s\S]*EFI[\s\S]*Lock Keyboard[\s\S]*CD\/DVD[\s\S]*Verbose[\s\S]*Suppress/,
  ],
  [
    ['chassis bootparam set bootflag force_bios options=no-PEF,power'],
    'chassis bootparam get 3',
    /parameter data: 10$/m,
  ],
  [['sel time set "02/29/24 23:04:05"'], 'sel time get', /^02\/29\/24 23:04:/],
  [['chassis bootmbox set text 343 hello'], 'chassis bootmbox get text', /343[\s\S]*hello/],
  [['fru edit 0 field p 1 Box'], 'fru print 0', /Product Name +: Box$/m],
  [
    ['lan set 1 alert off', 'channel setaccess 1 2 link=on'],
    'channel info 1',
    /Alerting +: disabled[\s\S]*Alerting +: disabled/,
  ],
  [['channel setaccess 1 4 callin=off'], 'channel getaccess 1 4', /Access Available +: callback$/m],
  [['channel setaccess 1 4 callin=on'], 'channel getaccess 1 4', /Access Available +: call-in \/ callback$/m],
  [
    [
      'lan alert set 1 1 ipaddr 10.0.0.9',
      'lan alert set 1 1 ack on',
      'lan alert set 1 1 type oem2',
      'lan alert set 1 1 time 7',
      'lan alert set 1 1 retry 5',
      'lan alert set 1 1 gateway backup',
      'lan alert set 1 1 macaddr 02:00:00:00:00:09',
    ],
    'lan alert print 1 1',
    /: Acknowledged[\s\S]*OEM 2[\s\S]*: 7\n[\s\S]*: 5\n[\s\S]*Backup\n[\s\S]*10\.0\.0\.9\n[\s\S]*02:00:00:00:00:09/,
  ],
  [
    ['sol set retry-count 5 1', 'sol set volatile-bit-rate 57.6 1', 'sol set privilege-level operator 1'],
    'sol info 1',
    /OPERATOR[\s\S]*Retry Count +: 5[\s\S]*Volatile Bit Rate \(kbps\) +: 57\.6/,
  ],
  [['sol payload disable 1 2'], 'sol payload status 1 2', /disabled/],
  [
    ['pef filter create 3 actions=alert,reset severity=critical sensor-type=1 sensor=3 policy=2'],
    'pef filter list',
    /^ 3 \| enabled, configurable \| Temperature \| 3 \| Critical .* Alert,Reset \| 2$/m,
  ],
  [
    ['pef policy create 2 policy=2 rule=next-if-failed channel=1 destination=1'],
    'pef policy list',
    /^ 2 \| 2 \| enabled \| Try-next/m,
  ],
  [['pef policy disable 2'], 'pef policy list', /^ 2 \| 2 \| disabled/m],
  [
    ['dcmi power set_limit limit 300', 'dcmi power set_limit action sel_logging', 'dcmi power activate'],
    'dcmi power get_limit',
    /Active[\s\S]*Log Event to SEL[\s\S]*300 Watts/,
  ],
  [
    ['dcmi thermalpolicy set 0x40 1 nonvolatile nopoweroff sel 45 60'],
    'dcmi thermalpolicy get 0x40 1',
    /flag is: +set\n[\s\S]*event: +inactive[\s\S]*only: +active[\s\S]*45 degrees[\s\S]*60 seconds/,
  ],
  [
    ['dcmi set_conf_param timeout 130', 'dcmi set_conf_param init 9'],
    'dcmi get_conf_param',
    /: 9 seconds[\s\S]*: 130 sec/,
  ],
]

const otherLimit = 'raw 0x2c 4 0xdc 0 0 0 1 100 0 232 3 0 0 0 0 9 0'

const noThreshold = 'raw 0x0c 1 1 26 0 0 7 0 7 0'

/** Lines of both programs, a request that reads what they change, and one that makes it something else before. */
const sameLines: readonly (readonly [line: string, reads: string, before: string])[] = [
  [
    'channel setaccess 1 4 callin=on ipmi=on link=on privilege=4',
    'raw 0x06 0x44 1 4',
    'raw 0x06 0x43 0xc1 4 2',
  ],
  ['lan set 1 bad_pass_thresh 3 1 60 120', 'raw 0x0c 2 1 26 0 0', noThreshold],
  ['lan set 1 bad_pass_thresh 255 0 5 65535', 'raw 0x0c 2 1 26 0 0', noThreshold],
  [
    'lan set 1 cipher_privs XXauXXoXcXXXaXX',
    'raw 0x0c 2 1 24 0 0',
    'raw 0x0c 1 1 24 0 0x40 0x44 0 0x44 4 0x40 4 0',
  ],
  [
    'dcmi power set_limit action sel_logging limit 250 correction 500 sample 3',
    'dcmi power get_limit',
    otherLimit,
  ],
  ['dcmi power set_limit sample 7 limit 0x40', 'dcmi power get_limit', otherLimit],
]

describeNeeds('ipmitool')('ipmitool sees', () => {
  let rig: ClientRig
  let session: Session
  let printed = ''
  before(async () => {
    rig = await ClientRig.start({ sol: 'echo' })
    const login = { host: [rig.host], port: [String(rig.port)], user: [admin.name], passwordEnv: [''] }
    session = new Session(new Map(Object.entries(login)), {
      env: { IPMITOOL_PASSWORD: admin.password, XDG_CACHE_HOME: rig.dir, LASTWORD_HOSTS: '/nowhere' },
      signal: new AbortController().signal,
      async print(text) {
        printed = String(text)
      },
      warn: () => {},
      report(error) {
        throw error
      },
    })
  })
  after(async () => {
    await session[Symbol.asyncDispose]()
    await rig[Symbol.asyncDispose]()
  })

  for (const [lines, args, sees] of effects) {
    it(`${args} after ${lines.join(', ')}`, async () => {
      const look = async () => String((await rig.ipmitool('lanplus', ...splitWords(args))).stdout)
      assert.doesNotMatch(await look(), sees)
      for (const line of lines) await session.run(splitWords(line), 'lines')
      assert.match(await look(), sees)
    })
  }

  for (const [line, reads, before] of sameLines) {
    it(`what it would have set itself by ${line}`, async () => {
      const ipmitool = async (words: string) => {
        const { exitCode, stdout, stderr } = await rig.ipmitool('lan', ...splitWords(words))
        assert.equal(exitCode, 0, `${words}: ${stderr}`)
        return String(stdout)
      }
      await ipmitool(before)
      const other = await ipmitool(reads)
      await session.run(splitWords(line), 'lines')
      const ours = await ipmitool(reads)
      await ipmitool(before)
      await ipmitool(line)
      assert.equal(ours, await ipmitool(reads))
      assert.notEqual(ours, other)
    })
  }

  it('the limit of a sixteenth suite, for which cipher_privs has no letter, as it was', async () => {
    const raw = (words: string) => rig.ipmitool('lan', ...splitWords(`raw 0x0c ${words}`))
    await raw('1 1 24 0 0x40 0x44 0 0x44 4 0x40 4 0x30')
    await session.run(splitWords('lan set 1 cipher_privs XuuuXXuuuXXuuXX'), 'lines')
    assert.equal(String((await raw('2 1 24 0 0')).stdout), ' 11 00 20 22 00 22 02 20 02 30\n')
  })

  it('the intervals of a lock-out as we show them: lan set has them in tens of seconds', async () => {
    const shown = async (words: string) => {
      await session.run(splitWords(`lan set 1 bad_pass_thresh ${words}`), 'lines')
      await session.run(['lan', 'print', '1'], 'lines')
      return /^bad password threshold +(.*)$/m.exec(printed)?.[1]
    }
    assert.equal(await shown('3 1 60 120'), '3, each counted for 600 s, then locked out for 1200 s')
    const theirs = String((await rig.ipmitool('lan', 'lan', 'print', '1')).stdout)
    assert.match(theirs, /Threshold +: 3\n.*: yes\n.*: 600\n.*: 1200\n/)
    assert.equal(await shown('3 1 0 0'), '3, each counted for ever, then locked out until it is lifted')
    assert.equal(await shown('0 0 60 120'), 'never locked out')
  })

  /** What the last event of the SEL says, but for its number and time. */
  const lastEvent = () => {
    const { recordId: _1, ...record } = decodeSelRecord(rig.bmc.sel.records.at(-1)!)
    return { ...record, timestamp: 0 }
  }

  it('the events that it would send itself for a state of a sensor', async () => {
    for (const event of [
      ['Fan 1', 'lcr'],
      ['Fan 1', 'lcr', 'deassert'],
      ['CPU1 Temp', 'ucr'],
      ['CPU1 Temp', 'unc', 'deassert'],
      ['Memory', 'Parity'],
      ['PSU1 Status', 'Failure detected', 'deassert'],
      ['PS Redundancy', 'Redundancy Lost'],
    ]) {
      await rig.ipmitool('lanplus', 'event', ...event)
      const theirs = lastEvent()
      const before = rig.bmc.sel.records.length
      await session.run(['event', ...event], 'lines')
      assert.equal(rig.bmc.sel.records.length, before + 1)
      assert.deepEqual(lastEvent(), theirs, event.join(' '))
    }
  })
})
