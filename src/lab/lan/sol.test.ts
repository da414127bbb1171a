import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { commandFarEnd, echoFarEnd, farEndOf, SocketFarEnd } from '../../bmc/sol-far-ends.ts'
import { SolEnd, type SolEndOptions } from '../../lan/sol-end.ts'
import { SolOperation, SolStatus } from '../../lan/sol-packet.ts'
import { defaultSolSettings, type SolFarEnd } from '../../lan/sol-server.ts'
import { encodeRequest } from '../../protocol/command.ts'
import {
  ActivatePayload,
  DeactivatePayload,
  GetPayloadActivationStatus,
  PayloadType,
} from '../../protocol/commands/payload.ts'
import type { LastwordError } from '../../protocol/error.ts'
import { needs } from '../kernel/needs-programs.ts'
import { LossyProxy } from './lossy-proxy.ts'
import { LanRig, user } from './rig.ts'
import { expectText, inTerminal, transcript } from './terminal.ts'
import { fairWeather, seededRandom, VirtualLan, type Weather } from './virtual-lan.ts'

/** What an end takes of what comes: a port that is full takes a part, or nothing. */
type Port = 'takesAll' | 'isPicky' | 'takesNothing'

/** A console's end and a BMC with a far end in bad weather, in virtual time. */
class VirtualLine {
  readonly lan: VirtualLan
  readonly end: SolEnd
  toPort = ''
  toConsole = ''
  breaks = 0
  /** What the ports at both ends are like. */
  port: Port
  fromPort: (text: string) => boolean = () => false
  onResume: () => void = () => {}

  constructor(weather: Weather, seed: number, port: Port) {
    this.port = port
    const random = seededRandom(seed)
    const taken = (offered: number) => {
      if (this.port === 'takesNothing') return 0
      return this.port === 'isPicky' ? Math.floor(random() * (offered + 1)) : offered
    }
    const farEnd: SolFarEnd = {
      open: onCharacters => {
        this.fromPort = text => onCharacters(Buffer.from(text))
        return {
          write: characters => {
            const count = taken(characters.length)
            this.toPort += Buffer.from(characters.subarray(0, count)).toString()
            return count
          },
          sendBreak: () => this.breaks++,
          resume: () => this.onResume(),
          close: () => {},
        }
      },
    }
    const settings = () => ({ ...defaultSolSettings, retries: 1000 })
    this.lan = new VirtualLan(fairWeather, seed, {
      client: { keepAliveMs: 0 },
      server: { sol: { farEnd, settings } },
    })
    this.activate()
    this.end = new SolEnd({
      side: 'console',
      since: this.lan.client.inbound,
      maxCharacters: 12,
      retryMs: 400,
      retries: 1000,
      accumulateMs: 5,
      threshold: 1,
      onCharacters: characters => {
        const count = taken(characters.length)
        this.toConsole += Buffer.from(characters.subarray(0, count)).toString()
        return count
      },
      onFlags: () => {},
      onLost: () => assert.fail('lost'),
    })
    this.lan.client.onPayload = ({ payload, sequence }) => this.end.handle(payload, sequence, this.lan.nowMs)
    this.lan.weather = weather
  }

  activate(): void {
    const options = {
      encrypted: true,
      authenticated: true,
      startupHandshake: false,
      sharedSerialAlerts: 'fail',
      testMode: false,
    } as const
    const request = encodeRequest(ActivatePayload, { payload: PayloadType.Sol, instance: 1, options })
    assert.equal(this.lan.ask(ActivatePayload.netFn, ActivatePayload.cmd, request).body[0], 0)
  }

  pass(ms: number): void {
    const untilMs = this.lan.nowMs + ms
    while (this.lan.nowMs < untilMs) {
      this.end.tick(this.lan.nowMs)
      for (let payload = this.end.pollPayload(); payload !== null; payload = this.end.pollPayload())
        this.lan.client.sendPayload(PayloadType.Sol, payload, this.lan.nowMs)
      this.lan.pass(10)
    }
  }
}

describe('a serial line', () => {
  it('passes on every character and break once and in order, whatever the network loses, repeats and delays', () => {
    const weathers = fc.record({
      loss: fc.double({ min: 0, max: 0.3, noNaN: true }),
      repetition: fc.double({ min: 0, max: 0.5, noNaN: true }),
      shortestMs: fc.constant(0),
      // Up to some waits for an acknowledgement.
      longestMs: fc.constantFrom(1, 100, 300, 900, 2000),
    })
    fc.assert(
      fc.property(
        weathers,
        fc.nat(),
        fc.constantFrom<Port>('takesAll', 'isPicky'),
        fc.nat({ max: 600 }),
        (weather, seed, port, paceMs) => {
          const line = new VirtualLine(weather, seed, port)
          let wanted = ''
          for (let i = 0; i < 40; i++) {
            const text = `<${i}>`
            wanted += text
            line.end.write(Buffer.from(text), line.lan.nowMs)
            if (i === 20) line.end.signal(SolOperation.Break, line.lan.nowMs)
            line.fromPort(text)
            line.lan.server.tick(line.lan.nowMs)
            line.pass(paceMs)
          }
          const areThere = () => line.toPort.length >= wanted.length && line.toConsole.length >= wanted.length
          for (let rounds = 0; !areThere(); rounds++) {
            assert.ok(rounds < 2000, 'no end')
            line.pass(1000)
          }
          // What is still under way may say nothing again.
          line.pass(10_000)
          assert.equal(line.toPort, wanted)
          assert.equal(line.toConsole, wanted)
          assert.equal(line.breaks, 1)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('hears nothing of what was sent for the line that the same session had before', () => {
    const line = new VirtualLine({ ...fairWeather, longestMs: 2000 }, 1, 'takesAll')
    line.end.write(Buffer.from('reboot'), line.lan.nowMs)
    line.pass(10)
    line.lan.weather = fairWeather
    const request = encodeRequest(DeactivatePayload, { payload: PayloadType.Sol, instance: 1 })
    line.lan.ask(DeactivatePayload.netFn, DeactivatePayload.cmd, request)
    line.activate()
    assert.equal(line.toPort, '')
    line.lan.pass(3000)
    assert.equal(line.toPort, '')
  })

  it('is not misled by what comes 15 packets late, nor by what is older than itself', () => {
    const { end, told } = loneEnd({ since: 100 })
    const acknowledge = (sequence: number, at: number) => end.handle(Uint8Array.of(0, sequence, 1, 0), at, 0)
    for (let sequence = 1; sequence <= 15; sequence++) {
      end.write(Uint8Array.of(sequence), 0)
      acknowledge(sequence, 100 + 2 * sequence)
      assert.equal(end.pendingCharacters, 0)
    }
    end.write(Uint8Array.of(16), 0)
    acknowledge(1, 101)
    assert.equal(end.pendingCharacters, 1)
    acknowledge(1, 132)
    assert.equal(end.pendingCharacters, 0)
    const overrun = Uint8Array.of(0, 0, 0, SolStatus.TransmitOverrun)
    end.handle(overrun, 99, 0)
    assert.deepEqual(told.flags, [])
    end.handle(overrun, 133, 0)
    assert.deepEqual(told.flags, [SolStatus.TransmitOverrun])
  })

  it('makes a serial port wait while the console takes nothing, and loses nothing of what it says', () => {
    const line = new VirtualLine(fairWeather, 1, 'takesNothing')
    const total = 400_000
    let said = ''
    const say = () => {
      let mayGoOn = true
      while (mayGoOn && said.length < total) {
        const text = `line ${said.length}\n`
        said += text
        mayGoOn = line.fromPort(text)
      }
    }
    line.onResume = say
    say()
    line.lan.server.tick(line.lan.nowMs)
    line.pass(20_000)
    assert.ok(said.length < total / 4, `${said.length} characters`)
    line.port = 'takesAll'
    for (let rounds = 0; line.toConsole.length < total && rounds < 1000; rounds++) line.pass(1000)
    assert.equal(line.toConsole, said)
    assert.ok(said.length >= total)
  })

  it('keeps a little of what a port says that does not wait', () => {
    const line = new VirtualLine(fairWeather, 1, 'takesNothing')
    let said = ''
    for (let i = 0; i < 100_000; i++) {
      said += `line ${i}\n`
      line.fromPort(`line ${i}\n`)
    }
    line.port = 'takesAll'
    line.lan.server.tick(line.lan.nowMs)
    line.pass(60_000)
    assert.ok(line.toConsole.length > 100_000 && line.toConsole.length < 200_000)
    assert.ok(said.startsWith(line.toConsole))
  })

  it('says when the other end is gone', () => {
    const { end, told } = loneEnd({ retries: 3 })
    end.write(Uint8Array.of(1), 0)
    for (let nowMs = 0; nowMs <= 400; nowMs += 100) end.tick(nowMs)
    assert.equal(told.lost, 1)
  })
})

/** A console's end without a BMC. */
function loneEnd(options: Partial<SolEndOptions>) {
  const told = { flags: [] as number[], lost: 0 }
  const end = new SolEnd({
    side: 'console',
    since: 0,
    maxCharacters: 10,
    retryMs: 100,
    retries: 1,
    accumulateMs: 0,
    threshold: 1,
    onCharacters: ({ length }) => length,
    onFlags: flags => told.flags.push(flags),
    onLost: () => told.lost++,
    ...options,
  })
  return { end, told }
}

describe('serial over LAN between our client and our BMC', () => {
  it('passes on what is written, in any size, and what is answered', async () => {
    await using rig = await LanRig.start({}, { sol: echoFarEnd() })
    await using bmc = await rig.connect()
    const stream = await bmc.sol()
    const text = 'x'.repeat(5000)
    stream.write(`${text}end`)
    assert.equal(await expectText(stream, 'end'), `${text}end`)
    stream.sendBreak()
    await expectText(stream, '[break]')
    stream.end()
    await once(stream, 'close')
    assert.equal((await bmc.run(GetPayloadActivationStatus, { payload: PayloadType.Sol })).active, 0)
  })

  it('loses no character through a proxy that loses, repeats and reorders', async () => {
    await using rig = await LanRig.start({}, { sol: echoFarEnd() })
    const weather = { loss: 0.1, repetition: 0.2, shortestMs: 0, longestMs: 20 }
    await using proxy = await LossyProxy.start(rig.port, weather, 3)
    const { connect } = await import('../../client/connect.ts')
    await using bmc = await connect(`lanplus://${user.name}@127.0.0.1:${proxy.port}`, {
      password: user.password,
    })
    const stream = await bmc.sol()
    const text = Array.from({ length: 300 }, (_, index) => `line ${index}\n`).join('')
    stream.write(text)
    assert.equal(await expectText(stream, 'line 299\n'), text)
    stream.destroy()
  })

  it('is one console at a time; another may take it over, and the first is told', async () => {
    await using rig = await LanRig.start({}, { sol: echoFarEnd() })
    await using first = await rig.connect()
    await using second = await rig.connect()
    const stream = await first.sol()
    await assert.rejects(second.sol(), { code: 'SOL_ACTIVE' })
    const lost = once(stream, 'error') as Promise<[LastwordError]>
    const other = await second.sol({ takeOver: true })
    assert.equal((await lost)[0].code, 'SOL_LOST')
    other.write('mine')
    await expectText(other, 'mine')
    other.destroy()
  })

  it('comes free when its session ends, and cannot be had where there is none', async () => {
    await using rig = await LanRig.start({}, { sol: echoFarEnd() })
    const bmc = await rig.connect()
    await bmc.sol()
    await bmc.close()
    assert.equal(rig.server.machine.sol?.session, null)
    await using without = await LanRig.start()
    await using none = await without.connect()
    await assert.rejects(none.sol(), /payload type is disabled/)
    await assert.rejects(none.run(DeactivatePayload, { payload: PayloadType.Sol, instance: 1 }), /disabled/)
  })

  it('ends with its Bmc as a line that was hung up: given back first, its reader at an end', async () => {
    await using rig = await LanRig.start({}, { sol: echoFarEnd() })
    const bmc = await rig.connect()
    const stream = await bmc.sol()
    const ended = once(stream, 'end')
    stream.write('good evening')
    let heard = ''
    stream.on('data', chunk => (heard += chunk))
    await until(() => heard === 'good evening')
    const answered: number[] = []
    const raw = bmc.raw.bind(bmc)
    bmc.raw = async (netFn, cmd, ...rest) => {
      const body = await raw(netFn, cmd, ...rest)
      answered.push(cmd)
      return body
    }
    await bmc.close()
    await ended
    assert.ok(stream.closed)
    assert.deepEqual(answered, [DeactivatePayload.cmd])
  })

  it('ends with its Bmc also when it was opened while that was being closed', async () => {
    await using rig = await LanRig.start({}, { sol: echoFarEnd() })
    const bmc = await rig.connect()
    await bmc.sol()
    const raw = bmc.raw.bind(bmc)
    bmc.raw = async (netFn, cmd, ...rest) => {
      const body = await raw(netFn, cmd, ...rest)
      if (cmd === DeactivatePayload.cmd) await second
      return body
    }
    const closing = bmc.close()
    const second = bmc.sol()
    const closed = once(await second, 'close')
    await closing
    await closed
  })

  it('ends with its signal, and the line is given back', async () => {
    await using rig = await LanRig.start({}, { sol: echoFarEnd() })
    await using bmc = await rig.connect()
    await assert.rejects(bmc.sol({ signal: AbortSignal.abort() }), { code: 'ABORTED' })
    assert.equal(rig.server.machine.sol?.session, null)
    const controller = new AbortController()
    const stream = await bmc.sol({ signal: controller.signal })
    const closed = new Promise(resolve => stream.on('error', () => {}).once('close', resolve))
    controller.abort(new Error('the caller has had enough'))
    await closed
    assert.equal(stream.errored?.name, 'AbortError')
    assert.equal(stream.errored?.cause, controller.signal.reason)
    assert.equal(rig.server.machine.sol?.session, null)
    const again = await bmc.sol()
    again.destroy()
    await once(again, 'close')
  })

  it('is not opened when the signal comes in between: what the BMC still grants is given back, no line of others', async () => {
    await using rig = await LanRig.start({}, { sol: echoFarEnd() })
    await using bmc = await rig.connect()
    const raw = bmc.raw.bind(bmc)
    let controller = new AbortController()
    let goOn = () => {}
    let answered: [cmd: number, code: number | undefined][] = []
    bmc.raw = async (netFn, cmd, ...rest) => {
      const body = await raw(netFn, cmd, ...rest)
      if (cmd === ActivatePayload.cmd) {
        controller.abort()
        // The answer stays away until the caller has been told.
        await new Promise<void>(resolve => {
          goOn = resolve
        })
      }
      answered.push([cmd, body[0]])
      return body
    }
    await assert.rejects(bmc.sol({ signal: controller.signal }), { code: 'ABORTED' })
    goOn()
    await until(() => answered.length === 2)
    assert.deepEqual(answered, [
      [ActivatePayload.cmd, 0],
      [DeactivatePayload.cmd, 0],
    ])
    await using other = await rig.connect()
    const line = await other.sol()
    answered = []
    controller = new AbortController()
    await assert.rejects(bmc.sol({ signal: controller.signal, takeOver: true }), { code: 'ABORTED' })
    goOn()
    await until(() => answered.length === 1)
    await bmc.device.id()
    line.write('still here')
    await expectText(line, 'still here')
    line.destroy()
  })

  it('is lost with its session', async () => {
    const rig = await LanRig.start({}, { sol: echoFarEnd() })
    await using bmc = await rig.connect({ timeoutMs: 500 })
    const stream = await bmc.sol()
    const closed = new Promise(resolve => stream.on('error', () => {}).once('close', resolve))
    await rig[Symbol.asyncDispose]()
    await assert.rejects(bmc.device.id())
    await closed
    assert.equal((stream.errored as LastwordError | null)?.code, 'SOL_LOST')
  })

  it('hinders no Bmc from closing that does not answer any more', { timeout: 60_000 }, async () => {
    const rig = await LanRig.start({}, { sol: echoFarEnd() })
    const bmc = await rig.connect({ timeoutMs: 600_000 })
    const stream = await bmc.sol()
    const closed = once(stream, 'close')
    await rig[Symbol.asyncDispose]()
    await bmc.close()
    await closed
  })

  it('leads to a command', async () => {
    await using rig = await LanRig.start(
      {},
      { sol: commandFarEnd('echo ready; while read line; do echo "<$line>"; done') },
    )
    await using bmc = await rig.connect({ cipher: 2 })
    const stream = await bmc.sol()
    await expectText(stream, 'ready')
    stream.write('one\ntwo\n')
    await expectText(stream, '<one>\n<two>')
    stream.destroy()
    await once(stream, 'close')
  })

  it('holds a command back that says more than is read, and nothing of it is lost', {
    timeout: 60_000,
  }, async () => {
    const farEnd = commandFarEnd('head -c 400000 /dev/zero | tr "\\0" x; echo end; sleep 1000')
    await using rig = await LanRig.start({}, { sol: farEnd })
    await using bmc = await rig.connect()
    const stream = await bmc.sol()
    await until(() => stream.readableLength >= stream.readableHighWaterMark)
    assert.equal(await expectText(stream, 'end\n'), `${'x'.repeat(400_000)}end\n`)
    stream.destroy()
    await once(stream, 'close')
  })

  it('has an echo wait that is not listened to', { timeout: 60_000 }, async () => {
    await using rig = await LanRig.start({}, { sol: echoFarEnd() })
    await using bmc = await rig.connect()
    const stream = await bmc.sol()
    const text = `${'x'.repeat(400_000)}end`
    stream.write(text)
    await until(() => stream.readableLength >= stream.readableHighWaterMark)
    assert.equal(await expectText(stream, 'end'), text)
    stream.destroy()
    await once(stream, 'close')
  })

  it('leads to a serial port behind a socket, and keeps what it said before anyone listened', async () => {
    let port: Socket | undefined
    const server = createServer(socket => {
      port = socket
      socket.write('login: ')
      socket.on('data', bytes => socket.write(Buffer.from(bytes.toString().toUpperCase())))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address() as { port: number }
    const farEnd = new SocketFarEnd({ host: '127.0.0.1', port: address.port })
    await once(server, 'connection')
    await using rig = await LanRig.start({}, { sol: farEnd })
    await using bmc = await rig.connect()
    const stream = await bmc.sol()
    // It is under way, and waits for nothing else to happen first.
    assert.notEqual(rig.server.machine.sol?.pollTimeout() ?? null, null)
    await expectText(stream, 'login: ')
    stream.write('root\n')
    await expectText(stream, 'ROOT\n')
    stream.destroy()
    farEnd.close()
    port?.destroy()
    server.close()
  })

  it('holds a serial port behind a socket back as well', { timeout: 60_000 }, async () => {
    const text = `${'x'.repeat(400_000)}end`
    const server = createServer(socket => socket.once('data', () => socket.end(text)))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const farEnd = new SocketFarEnd({ host: '127.0.0.1', port })
    await once(server, 'connection')
    await using rig = await LanRig.start({}, { sol: farEnd })
    await using bmc = await rig.connect()
    const stream = await bmc.sol()
    stream.write('say')
    await until(() => stream.readableLength >= stream.readableHighWaterMark)
    assert.equal(await expectText(stream, 'end'), text)
    stream.destroy()
    farEnd.close()
    server.close()
  })

  it('knows what it can lead to', () => {
    assert.throws(() => farEndOf('nowhere'), { code: 'USAGE' })
    assert.ok(farEndOf('echo'))
    assert.ok(farEndOf('exec:cat'))
    const unix = farEndOf('unix:/nowhere/to/be/found')
    assert.ok(unix)
    unix.close?.()
  })
})

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise(resolve => setTimeout(resolve, 20))
}

/** Takes one character of a packet, and says it again. */
const sipping: SolFarEnd = {
  open: onCharacters => ({
    write(characters) {
      onCharacters(characters.slice(0, 1))
      return 1
    },
    sendBreak: () => {},
    close: () => {},
  }),
}

describe('consoles of others on our serial over LAN', () => {
  const login = ({ server: { host }, port }: LanRig, kind: 'ipmitool' | 'ipmiconsole') =>
    kind === 'ipmitool'
      ? `ipmitool -I lanplus -H ${host} -p ${port} -U ${user.name} -P ${user.password} sol activate`
      : `ipmiconsole -h ${host}:${port} -u ${user.name} -p ${user.password}`

  it(
    'ipmitool sol activate, on a port that takes a character at a time',
    needs('ipmitool', 'script'),
    async () => {
      await using rig = await LanRig.start({}, { sol: sipping })
      await inTerminal(
        login(rig, 'ipmitool'),
        [
          [/SOL Session operational/, 'good evening'],
          [/good evening/, '\r~.'],
        ],
        /terminated ipmitool/,
      )
    },
  )

  it('ipmiconsole, on the same', needs('ipmiconsole', 'script'), async () => {
    // ipmiconsole 1.6.10 takes a name with a port above 32767 for no name; those that are free by chance are above.
    await using rig = await LanRig.start({}, { sol: sipping, host: '127.6.2.4', port: 6230 })
    await inTerminal(
      login(rig, 'ipmiconsole'),
      [
        [/SOL established/, 'good evening'],
        [/good evening/, '&.'],
      ],
      /closing the connection/,
    )
  })
})

/** Says in capitals what it hears, to tell what comes back from what a terminal itself shows. */
const shouting: SolFarEnd = {
  open: onCharacters => ({
    write(characters) {
      onCharacters(new Uint8Array(Buffer.from(Buffer.from(characters).toString('latin1').toUpperCase())))
      return characters.length
    },
    sendBreak: () => {},
    close: () => {},
  }),
}

describe('lastword sol activate in a terminal', () => {
  const main = fileURLToPath(new URL('../../bin/lastword.cjs', import.meta.url))
  const dir = mkdtempSync(join(tmpdir(), 'lastword-sol-'))
  after(() => rmSync(dir, { recursive: true }))
  const env = { ...process.env, IPMITOOL_PASSWORD: user.password }
  const activate = ({ port }: LanRig) =>
    `${process.execPath} ${main} --url lanplus://${user.name}@127.0.0.1:${port} -E sol activate`
  const isFree = (rig: LanRig) => until(() => rig.server.machine.sol?.session === null)

  it("has ipmitool's escape keys, and records what it shows", needs('script'), async () => {
    await using rig = await LanRig.start({}, { sol: shouting })
    const record = join(dir, 'record')
    await transcript(
      `${activate(rig)} --record ${record}`,
      [
        ['the serial port is here', 'good evening\r'],
        ['GOOD EVENING', '~.'],
      ],
      env,
    )
    await isFree(rig)
    assert.match(readFileSync(record, 'latin1'), /^GOOD EVENING/)
  })

  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    it(
      `ends as interrupted by ${signal}, the line free and the mode as before`,
      needs('script', 'stty'),
      async () => {
        await using rig = await LanRig.start({}, { sol: shouting })
        const shown = await transcript(
          `sh -c 'echo "pid $$,"; exec ${activate(rig)}'; echo "status $?"; stty -a`,
          [
            ['the serial port is here', 'good evening\r'],
            ['GOOD EVENING', shown => process.kill(Number(/pid (\d+),/.exec(shown)?.[1]), signal)],
          ],
          env,
        )
        assert.match(shown, /interrupted; nothing was left behind\s+status 130[\s\S]* icanon/)
        await isFree(rig)
      },
    )
  }

  it('ends as interrupted when the terminal is gone', needs('script'), async () => {
    await using rig = await LanRig.start({}, { sol: shouting })
    const status = join(dir, 'status')
    const script = spawn(
      'script',
      ['-qfc', `trap "" HUP; ${activate(rig)}; echo $? > ${status}`, '/dev/null'],
      {
        env,
      },
    )
    await expectText(script.stdout, 'the serial port is here')
    script.stdin.write('good evening\r')
    await expectText(script.stdout, 'GOOD EVENING')
    script.kill('SIGKILL')
    await until(() => existsSync(status) && readFileSync(status, 'utf8') !== '')
    assert.equal(readFileSync(status, 'utf8'), '130\n')
    await isFree(rig)
  })

  it('is suspended with what has started it, and goes on in raw mode', needs('script', 'stty'), async () => {
    await using rig = await LanRig.start({}, { sol: shouting })
    const shown = await transcript(
      // The inner shell is there in place of npx.
      `set -m; sh -c '${activate(rig)}; exit $?'; stty -a; fg; echo "status $?"`,
      [
        ['the serial port is here', 'good evening\r'],
        ['GOOD EVENING', '~\x1a'],
        [' icanon', 'good night\r'],
        ['GOOD NIGHT', '~.'],
      ],
      env,
    )
    assert.match(shown, /status 0/)
  })
})
