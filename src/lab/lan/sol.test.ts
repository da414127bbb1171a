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
import { SolEnd } from '../../lan/sol-end.ts'
import type { SolFarEnd } from '../../lan/sol-server.ts'
import {
  DeactivatePayload,
  GetPayloadActivationStatus,
  PayloadType,
} from '../../protocol/commands/payload.ts'
import type { LastwordError } from '../../protocol/error.ts'
import { needs } from '../kernel/needs-programs.ts'
import { LossyProxy } from './lossy-proxy.ts'
import { LanRig, user } from './rig.ts'
import { expectText, inTerminal, transcript } from './terminal.ts'
import { seededRandom } from './virtual-lan.ts'

describe('two ends of a serial line', () => {
  it('pass on every character once and in order, whatever the network loses, repeats and reorders', () => {
    const texts = fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 12 })
    fc.assert(
      fc.property(texts, texts, fc.nat(), fc.boolean(), (down, up, seed, isPicky) => {
        const random = seededRandom(seed)
        const heard: number[][] = [[], []]
        const ends = [0, 1].map(
          side =>
            new SolEnd({
              maxCharacters: 100,
              retryMs: 50,
              retries: 1000,
              accumulateMs: 5,
              threshold: 20,
              onCharacters(characters) {
                // A port that is full takes a part.
                const taken = isPicky ? Math.floor(random() * (characters.length + 1)) : characters.length
                heard[side]!.push(...characters.subarray(0, taken))
                return taken
              },
              onFlags: () => {},
              onLost: () => assert.fail('lost'),
            }),
        )
        let nowMs = 0
        for (const text of down) ends[0]!.write(text, nowMs)
        for (const text of up) ends[1]!.write(text, nowMs)
        for (let steps = 0; ends.some(end => end.pendingCharacters > 0); steps++) {
          assert.ok(steps < 100_000, 'no end')
          ends.forEach((end, side) => {
            for (let payload = end.pollPayload(); payload !== null; payload = end.pollPayload()) {
              // Session sequence numbers keep repetitions away; a lost packet comes again.
              if (random() < 0.3) continue
              ends[1 - side]!.handle(payload, nowMs)
            }
          })
          nowMs += 5
          for (const end of ends) end.tick(nowMs)
        }
        assert.deepEqual(
          heard[1],
          down.flatMap(text => [...text]),
        )
        assert.deepEqual(
          heard[0],
          up.flatMap(text => [...text]),
        )
      }),
      { numRuns: 60 },
    )
  })

  it('say when the other end is gone', () => {
    let lost = 0
    const end = new SolEnd({
      maxCharacters: 10,
      retryMs: 100,
      retries: 3,
      accumulateMs: 0,
      threshold: 1,
      onCharacters: () => 0,
      onFlags: () => {},
      onLost: () => lost++,
    })
    end.write(Uint8Array.of(1), 0)
    for (let nowMs = 0; nowMs <= 400; nowMs += 100) end.tick(nowMs)
    assert.equal(lost, 1)
  })
})

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
    await assert.rejects(first.sol({ signal: AbortSignal.abort() }), { code: 'ABORTED' })
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

describe('consoles of others on our serial over LAN', () => {
  const login = ({ server: { host }, port }: LanRig, kind: 'ipmitool' | 'ipmiconsole') =>
    kind === 'ipmitool'
      ? `ipmitool -I lanplus -H ${host} -p ${port} -U ${user.name} -P ${user.password} sol activate`
      : `ipmiconsole -h ${host}:${port} -u ${user.name} -p ${user.password}`

  it('ipmitool sol activate', needs('ipmitool', 'script'), async () => {
    await using rig = await LanRig.start({}, { sol: echoFarEnd() })
    await inTerminal(
      login(rig, 'ipmitool'),
      [
        [/SOL Session operational/, 'good evening'],
        [/good evening/, '\r~.'],
      ],
      /terminated ipmitool/,
    )
  })

  it('ipmiconsole', needs('ipmiconsole', 'script'), async () => {
    // ipmiconsole 1.6.10 takes a name with a port above 32767 for no name; those that are free by chance are above.
    await using rig = await LanRig.start({}, { sol: echoFarEnd(), host: '127.6.2.4', port: 6230 })
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
