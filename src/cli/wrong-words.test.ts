/** Wrong words of a subcommand are refused with one clear line that says which, and nothing is sent. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { LastwordError } from '../protocol/error.ts'
import { exitStatus, exitStatusOf } from './output.ts'
import { Session } from './session.ts'
import { splitWords } from './words.ts'

/** Lines by the exit status that they end with, and what is said. */
const wrong: readonly (readonly [line: string, says: RegExp, status?: number])[] = [
  ['lan alert set 1 9 ack on', /channel 1 has no alert destination 9/, exitStatus.failed],
  ['lan alert set 1 1 ipaddr nonsense', /"nonsense" is no IPv4 address/, exitStatus.failed],
  ['lan alert set 1 1 type foo', /"foo" is none of pet, oem1, oem2/],
  ['lan set 1 defgw foo', /ipaddr ADDRESS or macaddr MAC/],
  ['lan set 1 user x', /"x" is too many/],
  ['lan set 1 cipher_privs X', /cipher_privs takes 15 letters, not 1$/],
  ['lan set 1 cipher_privs aaaaaaaaaaaaaa', /not 14$/],
  ['lan set 1 cipher_privs aaaaaaaaaaaaaaaa', /not 16$/],
  ['lan set 1 cipher_privs aaaaaaaaaaaaaaA', /"A" is none of X, c, u, o, a, O/],
  ['lan set 1 bad_pass_thresh 3 1 60', /takes THRESHOLD 0\|1 RESET LOCKOUT, the last two in tens of seconds/],
  ['lan set 1 bad_pass_thresh 3 1 60 120 7', /"7" is too many/],
  ['lan set 1 bad_pass_thresh 256 1 60 120', /threshold: 256 is not within 0 and 255/],
  ['lan set 1 bad_pass_thresh 3 2 60 120', /event: 2 is not within 0 and 1/],
  ['lan set 1 bad_pass_thresh 3 1 65536 120', /reset: 65536 is not within 0 and 65535/],
  ['lan set 1 bad_pass_thresh 3 1 60 0.5', /lockout: "0\.5" is no whole number/],
  ['lan set 1 alert maybe', /alert is on or off/],
  ['lan set 1 constructor 1', /no setting "constructor"/],
  ['sensor thresh "Inlet Temp" ucr', /ucr takes one value, not 0/],
  ['sensor thresh "Inlet Temp" upper 1 2', /upper takes 3 values, not 2/],
  ['chassis bootmbox set 343', /wants an enterprise number and bytes/],
  ['chassis bootmbox set text 343 a b', /wants an enterprise number and bytes/],
  ['chassis bootmbox set block 1 343 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17', /17 bytes, 16 are the most/],
  ['chassis bootmbox get block', /block: "" is no whole number/],
  ['chassis bootdev pxe options=fast', /"fast" is none of valid, persistent/],
  ['sel interpret 1 /nowhere/at/all pps', /cannot be read/, exitStatus.failed],
  ['sel interpret 1 /etc/hostname pps', /hostname:1: .* is no event of a shelf manager/],
  ['pef filter create 99 policy=1', /has no entry 99/, exitStatus.failed],
  ['pef policy enable 99', /has no entry 99/, exitStatus.failed],
  ['pef filter create 1', /one is missing of actions=, policy=/],
  ['pef timer set 300', /300 is not within 0 and 255/],
  ['dcmi thermalpolicy get 1 1', /0xCB/, exitStatus.refused],
  ['dcmi power set_limit', /one is missing of action, limit, correction, sample/],
  ['dcmi power set_limit limit 3 speed 3', /"speed" is none of action, limit, correction, sample/],
  ['dcmi power set_limit sample 3 action', /action wants a value: no_action\|sel_logging\|power_off/],
  ['dcmi power set_limit limit 70000', /70000 is not within 0 and 65535/],
  ['event Nope x', /no sensor is called "Nope"/, exitStatus.failed],
  ['event Memory Nope', /sensor "Memory" has no state "Nope"/, exitStatus.failed],
  ['event "Fan 1" lcr sideways', /"sideways" is none of assert, deassert/],
  ['mc watchdog set', /one is missing of timeout=, .*, nolog, dontstop/],
  ['mc watchdog set timeout=0', /timeout: 0 is not within 1 and 6553/],
  ['mc setenables oem0', /oem0 wants a value: oem0=on\|off/],
  ['fru internaluse 0 write', /write takes a file/],
  ['fru internaluse 0 print', /it has no internal use area/, exitStatus.wrongAnswer],
  ['fru edit 0 field b 0 ä€', /^sim:\/\/: FRU 0: "€" cannot be written in .*Latin 1$/, exitStatus.failed],
  ['fru edit 0 field p 30 X', /the product area has fields 0 to/],
  ['sdr list nothing', /"nothing" is none of all, full/],
  ['sol set enabled maybe', /"maybe" is none of true, false/],
  ['sol looptest 0', /0 is not within/],
  ['raw Nonsense 1', /neither a number nor one of chassis, bridge/],
  ['set port 99999', /99999 is not within 1 and 65535/],
  ['channel setaccess 1 2 foo=on', /"foo=on" is none of callin=, ipmi=, link=, privilege=/],
  ['channel setaccess 1 2', /one is missing of callin=/],
  ['help nothing', /no command "nothing"/],
]

describe('wrong words are told', () => {
  let session: Session
  before(() => {
    session = new Session(new Map([['host', ['sim://']]]), {
      env: {},
      signal: new AbortController().signal,
      print: async () => {},
      warn: () => {},
      report(error) {
        throw error
      },
    })
  })
  after(() => session[Symbol.asyncDispose]())

  for (const [line, says, status = exitStatus.usage] of wrong) {
    it(line, async () => {
      const error: unknown = await session.run(splitWords(line), 'lines').catch(thrown => thrown)
      assert.ok(error instanceof LastwordError, String(error))
      assert.match(error.message, says)
      assert.doesNotMatch(error.message, /\n/)
      assert.equal(exitStatusOf(error), status)
    })
  }
})
