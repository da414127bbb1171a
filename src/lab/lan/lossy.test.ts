import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MemoryAccounts } from '../../lan/accounts.ts'
import { isRepeatable } from '../../lan/repeatable.ts'
import { decodeRmcp } from '../../lan/rmcp.ts'
import { V15Link } from '../../lan/session-link.ts'
import { decodeV15 } from '../../lan/session-v15.ts'
import { Privilege } from '../../protocol/command.ts'
import { PayloadType } from '../../protocol/commands/payload.ts'
import { AuthType } from '../../protocol/commands/session.ts'
import { decodeIpmb, encodeIpmb } from '../../protocol/ipmb.ts'
import { hex } from '../../protocol/message.ts'
import { NetFn } from '../../protocol/net-fn.ts'
import { user } from './rig.ts'
import { fairWeather, seededRandom, VirtualLan, type Weather } from './virtual-lan.ts'

const ADD_SEL_ENTRY = 0x44
const GET_SEL_ENTRY = 0x43
const RESERVE_SEL = 0x42
const READ_EVENT_MESSAGE_BUFFER = 0x35
const GET_MESSAGE = 0x33
const GET_IP_STATISTICS = 0x04
const addSelEntry = (text: number) => ({
  netFn: NetFn.Storage,
  cmd: ADD_SEL_ENTRY,
  data: Uint8Array.of(0, 0, 0xf0, text, text >> 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
})
const getSelEntry = (recordId: number) => ({
  netFn: NetFn.Storage,
  cmd: GET_SEL_ENTRY,
  data: Uint8Array.of(0, 0, recordId, recordId >> 8, 0, 0xff),
})
const getDeviceId = { netFn: NetFn.App, cmd: 1, data: new Uint8Array(0) }

const weathers: [string, Weather][] = [
  ['loses a tenth', { ...fairWeather, loss: 0.1, longestMs: 5 }],
  ['loses a third', { ...fairWeather, loss: 0.33, longestMs: 20 }],
  ['repeats half', { ...fairWeather, repetition: 0.5, longestMs: 30 }],
  ['reorders', { ...fairWeather, longestMs: 200 }],
  ['delays beyond patience', { ...fairWeather, shortestMs: 200, longestMs: 2500 }],
  ['does all of it', { loss: 0.2, repetition: 0.3, shortestMs: 1, longestMs: 800 }],
]

const v15 = {
  client: { version: '1.5' as const },
  server: { accounts: new MemoryAccounts({ users: [user], authTypes: [AuthType.Md5] }) },
}

for (const [version, options, errors] of [
  ['2.0', {}, /TIMEOUT|LOGIN_REFUSED/],
  // A BMC of IPMI 1.5 says nothing to a wrong password, nor when all that is said gets lost.
  ['1.5', v15, /TIMEOUT|LOGIN_REFUSED|BAD_PASSWORD/],
] as const) {
  describe(`a session of IPMI ${version} over a network`, () => {
    for (const [what, weather] of weathers) {
      it(`that ${what}: each request ends once, with its own answer or an error, and adds to the SEL once`, () => {
        for (let seed = 1; seed <= 12; seed++) {
          const lan = new VirtualLan(weather, seed, options)
          const random = seededRandom(seed)
          const added: number[] = []
          for (let round = 0; round < 4; round++) {
            const requests = Array.from({ length: 40 }, (_, index) =>
              random() < 0.5 ? addSelEntry(round * 40 + index) : getDeviceId,
            )
            const answers = lan.askAll(requests)
            assert.equal(answers.length, requests.length)
            requests.forEach((request, index) => {
              const { error, body } = answers[index]!
              if (error !== null) assert.match(error.code, errors)
              else assert.equal(body[0], 0, hex(body))
              if (request === getDeviceId && error === null) assert.equal(body[1], 0x20)
              if (request !== getDeviceId && error === null) added.push(body[1]! | (body[2]! << 8))
            })
          }
          const executed = lan.executed.filter(request => request[1] === ADD_SEL_ENTRY).map(hex)
          assert.equal(new Set(executed).size, executed.length, 'a record was added twice')
          assert.equal(new Set(added).size, added.length, 'two requests got the same answer')
          assert.ok(added.length <= executed.length)
        }
      })
    }
  })
}

describe('answers', () => {
  it('are never those of another request, however late they come', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const lan = new VirtualLan(fairWeather, seed)
      lan.askAll(Array.from({ length: 100 }, (_, index) => addSelEntry(index + 1)))
      lan.weather = { loss: 0.1, repetition: 0.3, shortestMs: 1, longestMs: 600 }
      for (let round = 0; round < 5; round++) {
        const ids = Array.from({ length: 100 }, (_, index) => index + 1)
        lan.askAll(ids.map(getSelEntry)).forEach(({ error, body }, index) => {
          if (error === null) assert.equal(body[3]! | (body[4]! << 8), ids[index], `record ${ids[index]}`)
        })
      }
    }
  })

  it('are all there when a packet in ten is lost', () => {
    const lan = new VirtualLan({ ...fairWeather, loss: 0.1, longestMs: 3 }, 7)
    const answers = lan.askAll(Array.from({ length: 500 }, (_, index) => addSelEntry(index)))
    assert.deepEqual(
      answers.filter(({ error }) => error !== null),
      [],
    )
    assert.equal(lan.bmc.sel.length, 500)
  })
})

describe('a number whose first sending is never answered', () => {
  it('is free after two seconds, for which a request waits when all the others rest, too', () => {
    const lan = new VirtualLan(fairWeather, 1)
    const ids = Array.from({ length: 64 }, (_, index) => index + 1)
    lan.askAll(ids.map(addSelEntry))
    const seen = new Set<number>()
    let isFirst = false
    lan.refuse = request => {
      isFirst = request[1] === GET_SEL_ENTRY && !seen.has(request[4]!)
      seen.add(request[4]!)
      return 0
    }
    lan.onDatagram = (_, to) => {
      lan.weather = { ...fairWeather, loss: to === 'console' && isFirst ? 1 : 0 }
      if (to === 'console') isFirst = false
    }
    const fromMs = lan.nowMs
    assert.ok(lan.askAll(ids.map(getSelEntry)).every(({ error }) => error === null))
    assert.ok(lan.nowMs - fromMs < 2000)
    let answeredMs = Number.POSITIVE_INFINITY
    const onAnswer = () => {
      answeredMs = lan.nowMs
    }
    lan.client.request({ ...getDeviceId, lun: 0, route: [] }, onAnswer, lan.nowMs)
    lan.run(() => Number.isFinite(answeredMs) || lan.nowMs > fromMs + 20_000)
    const waitedMs = answeredMs - fromMs
    assert.ok(waitedMs >= 2000 && waitedMs < 3000, `${waitedMs} ms`)
  })
})

describe('a session', () => {
  it('that is idle is kept alive, and is closed by the BMC when it is not', () => {
    const lan = new VirtualLan(fairWeather, 1)
    lan.ask(getDeviceId.netFn, getDeviceId.cmd)
    const [session] = lan.server.sessions.all()
    lan.pass(300_000)
    assert.equal(lan.server.sessions.all()[0], session)
    const silent = new VirtualLan(fairWeather, 1, { client: { keepAliveMs: 0 } })
    silent.ask(getDeviceId.netFn, getDeviceId.cmd)
    silent.pass(300_000)
    assert.equal(silent.server.sessions.size, 0)
    assert.equal(silent.ask(getDeviceId.netFn, getDeviceId.cmd).error, null)
  })

  it('that is idle asks each 20 s, counted from what was sent or came last, and not while a request is under way', () => {
    const lan = new VirtualLan(fairWeather, 1)
    lan.ask(getDeviceId.netFn, getDeviceId.cmd)
    // There and back takes 200 ms.
    lan.weather = { ...fairWeather, shortestMs: 100, longestMs: 100 }
    let asked = 0
    lan.onDatagram = (_, to) => {
      if (to === 'bmc') asked++
    }
    const askedAfter = (ms: number) => {
      asked = 0
      lan.pass(ms)
      return asked
    }
    assert.deepEqual([askedAfter(19_990), askedAfter(110)], [0, 1])
    assert.deepEqual([askedAfter(20_000), askedAfter(110)], [0, 1])
    askedAfter(15_000)
    assert.equal(lan.client.sendPayload(PayloadType.Sol, new Uint8Array(4), lan.nowMs), true)
    assert.deepEqual([askedAfter(19_990), askedAfter(20)], [1, 1])
    const client = { timeoutMs: 60_000, quirks: ['replays'] }
    const patient = new VirtualLan(fairWeather, 1, { client })
    patient.ask(getDeviceId.netFn, getDeviceId.cmd)
    const sent = new Set<string>()
    patient.onDatagram = datagram => sent.add(hex(datagram))
    patient.weather = { ...fairWeather, loss: 1 }
    patient.client.request({ ...addSelEntry(1), lun: 0, route: [] }, () => {}, patient.nowMs)
    patient.pass(50_000)
    assert.equal(sent.size, 1)
  })

  it('whose BMC is silent for two seconds goes on', () => {
    const lan = new VirtualLan(fairWeather, 1)
    lan.ask(getDeviceId.netFn, getDeviceId.cmd)
    const [session] = lan.server.sessions.all()
    const fromMs = lan.nowMs
    lan.onDatagram = () => {
      lan.weather = { ...fairWeather, loss: lan.nowMs < fromMs + 2000 ? 1 : 0 }
    }
    assert.equal(lan.ask(getDeviceId.netFn, getDeviceId.cmd).error, null)
    assert.deepEqual(lan.server.sessions.all(), [session])
  })

  it('whose BMC is silent for a while is not given up for what must not be executed twice, which then is once', () => {
    const lan = new VirtualLan(fairWeather, 1)
    lan.ask(getDeviceId.netFn, getDeviceId.cmd)
    const [session] = lan.server.sessions.all()
    let body = new Uint8Array(0)
    lan.weather = { ...fairWeather, loss: 1 }
    const onDone = (_: unknown, answer: Uint8Array) => {
      body = Uint8Array.from(answer)
    }
    lan.client.request({ ...addSelEntry(1), lun: 0, route: [] }, onDone, lan.nowMs)
    lan.pass(8000)
    lan.weather = fairWeather
    lan.pass(2000)
    assert.deepEqual([[...body], lan.bmc.sel.length], [[0, 1, 0], 1])
    assert.deepEqual(lan.server.sessions.all(), [session])
  })

  it('is made anew twice for one request, which the BMC then is not asked any more', () => {
    const lan = new VirtualLan(fairWeather, 1)
    let logIns = 0
    lan.onDatagram = (datagram, to) => {
      if (to === 'bmc' && datagram[5] === PayloadType.Rakp3) logIns++
      lan.weather = { ...fairWeather, loss: to === 'console' && lan.client.state === 'open' ? 1 : 0 }
    }
    assert.equal(lan.ask(getDeviceId.netFn, getDeviceId.cmd).error?.code, 'TIMEOUT')
    assert.equal(logIns, 3)
  })

  it('that was lost ends what may have been executed then, not when its time is up', () => {
    const lan = new VirtualLan(fairWeather, 1)
    lan.ask(getDeviceId.netFn, getDeviceId.cmd)
    lan.server.reset()
    const fromMs = lan.nowMs
    const [added, told] = lan.askAll([addSelEntry(1), getDeviceId])
    assert.deepEqual([added!.error?.code, told!.error], ['TIMEOUT', null])
    assert.ok(lan.nowMs - fromMs < 5000, `${lan.nowMs - fromMs} ms`)
  })

  it('that was lost with nobody waiting is made anew by the next request, not before', () => {
    const lan = new VirtualLan(fairWeather, 1)
    lan.ask(getDeviceId.netFn, getDeviceId.cmd)
    lan.server.reset()
    assert.match(lan.ask(NetFn.Storage, ADD_SEL_ENTRY, addSelEntry(1).data).error?.hint ?? '', /may have/)
    lan.pass(5000)
    assert.deepEqual([lan.client.state, lan.server.sessions.size], ['idle', 0])
    assert.equal(lan.ask(getDeviceId.netFn, getDeviceId.cmd).error, null)
  })

  it('that the BMC forgot is made anew: what tells is asked again, what does may be told as unknown', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const lan = new VirtualLan({ ...fairWeather, loss: 0.1 }, seed)
      lan.ask(getDeviceId.netFn, getDeviceId.cmd)
      lan.server.reset()
      const requests = Array.from({ length: 30 }, (_, i) => (i % 2 === 0 ? getDeviceId : addSelEntry(i)))
      lan.askAll(requests).forEach(({ error }, index) => {
        if (requests[index] === getDeviceId) assert.equal(error, null)
        else if (error !== null) assert.match(error.hint ?? '', /may have executed/)
      })
      assert.equal(lan.ask(getDeviceId.netFn, getDeviceId.cmd).error, null)
    }
  })
})

/** What must not be executed twice, each with what it is to be sent with. */
const once: [string, { netFn: number; cmd: number; data: Uint8Array }][] = [
  ['Add SEL Entry', addSelEntry(1)],
  ['Clear SEL', { netFn: NetFn.Storage, cmd: 0x47, data: Uint8Array.of(0, 0, 0x43, 0x4c, 0x52, 0xaa) }],
  ['Chassis Control', { netFn: NetFn.Chassis, cmd: 0x02, data: Uint8Array.of(2) }],
  ['Cold Reset', { netFn: NetFn.App, cmd: 0x02, data: new Uint8Array(0) }],
  ['Set Watchdog Timer', { netFn: NetFn.App, cmd: 0x24, data: Uint8Array.of(4, 1, 0, 0, 100, 0) }],
  ['Get Message', { netFn: NetFn.App, cmd: 0x33, data: new Uint8Array(0) }],
  ['a command that nobody knows', { netFn: 0x30, cmd: 0x01, data: new Uint8Array(0) }],
]

/** Asks a BMC that answers so often with this code, then as it does; how often it was asked, and its last answer. */
function askRefusing(request: (typeof once)[0][1], code: number, refusals: number) {
  const lan = new VirtualLan(fairWeather, 3)
  assert.equal(lan.ask(getDeviceId.netFn, getDeviceId.cmd).error, null)
  let asked = 0
  lan.refuse = ([, cmd]) => (cmd === request.cmd && ++asked <= refusals ? code : 0)
  const { error, body } = lan.ask(request.netFn, request.cmd, request.data)
  assert.equal(error, null)
  // What is sent again comes within a few seconds.
  lan.pass(10_000)
  return { asked, body, lan }
}

describe('a BMC that answers that it timed out (C3h), so that it may have executed it,', () => {
  for (const [name, request] of once) {
    it(`is sent ${name} once, and its answer is told`, () => {
      const { asked, body } = askRefusing(request, 0xc3, 1)
      assert.deepEqual([asked, ...body], [1, 0xc3])
    })
  }

  it('is asked again for what only tells, until the time of the request is up', () => {
    const { asked, body } = askRefusing(getDeviceId, 0xc3, 3)
    assert.deepEqual([asked, body[0], body[1]], [4, 0, 0x20])
    const never = askRefusing(getDeviceId, 0xc3, Number.POSITIVE_INFINITY)
    assert.deepEqual([...never.body], [0xc3])
    // 50 ms, twice that, and so on up to a second, for ten seconds.
    assert.ok(never.asked > 10 && never.asked <= 15, `${never.asked} times`)
  })
})

describe('a BMC that answers that it is busy (C0h), so that it did not execute it,', () => {
  for (const [name, request] of once) {
    it(`is sent ${name} again, a little later`, () => {
      const { asked, body, lan } = askRefusing(request, 0xc0, 5)
      assert.equal(asked, 6)
      assert.notEqual(body[0], 0xc0)
      if (name === 'Add SEL Entry') assert.equal(lan.bmc.sel.length, 1)
    })
  }
})

describe('a console that uses one rqSeq for all, each request in a packet of its own', () => {
  /** Another console, whose session sequence numbers go on and whose rqSeq does not. */
  function consoleOn(lan: VirtualLan) {
    const peer = { address: '192.0.2.9', port: 5009 }
    const first = { inbound: 1, outbound: 1 }
    const [account] = lan.server.accounts.users()
    const link = () => new V15Link(AuthType.None, 77, new Uint8Array(0), first)
    const session = { id: 77, peer, link: link(), account: account!, maximum: Privilege.Admin }
    assert.equal(lan.server.admit(session), 'admitted')
    lan.server.sessions.get(77)!.privilege = Privilege.Admin
    const end = link()
    return (netFn: number, cmd: number, ...data: number[]): number[] => {
      const frame = { rsAddr: 0x20, netFn, rsLun: 0, rqAddr: 0x81, rqSeq: 5, rqLun: 0, cmd }
      lan.server.handle(end.seal(encodeIpmb({ ...frame, data: Uint8Array.from(data) })), peer, lan.nowMs)
      const { datagram } = lan.server.pollTransmit()!
      const opened = end.open(decodeV15(decodeRmcp(datagram)!.data)!)!
      return [...decodeIpmb(opened.payload)!.data]
    }
  }

  it('is told what is true now', () => {
    const lan = new VirtualLan(fairWeather, 1)
    const ask = consoleOn(lan)
    lan.bmc.chassis.control('powerUp', 'powerButton', 0)
    assert.equal(ask(NetFn.Chassis, 0x01)[1]! & 1, 1)
    lan.bmc.chassis.control('powerDown', 'powerButton', 0)
    assert.equal(ask(NetFn.Chassis, 0x01)[1]! & 1, 0)
  })

  it('has what changes something, or takes what it tells away, executed once', () => {
    const lan = new VirtualLan(fairWeather, 1)
    const ask = consoleOn(lan)
    for (const request of [
      [NetFn.Storage, ADD_SEL_ENTRY, ...addSelEntry(1).data],
      [NetFn.Storage, RESERVE_SEL],
      [NetFn.App, READ_EVENT_MESSAGE_BUFFER],
      [NetFn.App, GET_MESSAGE],
      [NetFn.Transport, GET_IP_STATISTICS, 1, 1],
    ] as [number, number, ...number[]][]) {
      const before = lan.executed.length
      assert.deepEqual(ask(...request), ask(...request))
      assert.equal(lan.executed.length, before + 1, hex(Uint8Array.from(request)))
    }
    assert.notDeepEqual(
      ask(NetFn.Transport, GET_IP_STATISTICS, 1, 0),
      ask(NetFn.Transport, GET_IP_STATISTICS, 1, 0),
    )
  })

  it('has the same change executed again when it has asked for something else in between', () => {
    const lan = new VirtualLan(fairWeather, 1)
    const ask = consoleOn(lan)
    for (let i = 0; i < 3; i++) {
      ask(NetFn.Storage, ADD_SEL_ENTRY, ...addSelEntry(1).data)
      ask(NetFn.App, 1)
    }
    assert.equal(lan.bmc.sel.length, 3)
  })
})

describe('commands that may be executed twice', () => {
  it('are those that only tell', () => {
    assert.equal(isRepeatable(NetFn.App, 0x01, new Uint8Array(0)), true)
    assert.equal(isRepeatable(NetFn.Storage, GET_SEL_ENTRY, new Uint8Array(6)), true)
    // Get Message takes the message away; an OEM command may do anything.
    assert.equal(isRepeatable(NetFn.App, GET_MESSAGE, new Uint8Array(0)), false)
    assert.equal(isRepeatable(NetFn.App, READ_EVENT_MESSAGE_BUFFER, new Uint8Array(0)), false)
    assert.equal(isRepeatable(NetFn.Transport, GET_IP_STATISTICS, Uint8Array.of(1, 0)), true)
    assert.equal(isRepeatable(NetFn.Transport, GET_IP_STATISTICS, Uint8Array.of(1, 1)), false)
    assert.equal(isRepeatable(NetFn.Storage, RESERVE_SEL, new Uint8Array(0)), true)
    assert.equal(isRepeatable(0x30, 0x01, new Uint8Array(0)), false)
    for (const [netFn, cmd] of [
      [NetFn.Storage, ADD_SEL_ENTRY],
      [NetFn.Storage, 0x47],
      [NetFn.Chassis, 0x02],
      [NetFn.App, 0x02],
    ])
      assert.equal(isRepeatable(netFn!, cmd!, new Uint8Array(0)), false)
  })
})
