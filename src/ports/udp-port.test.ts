/** A UDP port gives every datagram once and sends every answer once, with the system's calls for many and without. */
import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { type DatagramCalls, loadDatagramCalls, type UdpPeer } from './datagram-calls.ts'
import { UdpPort, type UdpPortOptions } from './udp-port.ts'

const HOST = '127.0.0.1'
/** A datagram that does not come ends the test. */
const PATIENCE_MS = 30_000

/** Answers each datagram with the same bytes. */
async function openEcho(options: Partial<UdpPortOptions> = {}) {
  const bursts: number[] = []
  const senders: UdpPeer[] = []
  const given: Uint8Array[] = []
  let count = 0
  const port = await UdpPort.open({
    address: HOST,
    port: 0,
    take(datagram, from) {
      count++
      senders.push(from)
      given.push(datagram)
      port.send(datagram, from)
    },
    taken() {
      bursts.push(count)
      count = 0
      port.flush()
    },
    onError: error => assert.fail(error),
    ...options,
  })
  return { port, bursts, senders, given }
}

async function openClient(type: 'udp4' | 'udp6' = 'udp4'): Promise<Socket> {
  const client = createSocket({ type, recvBufferSize: 1 << 20 })
  client.bind(0)
  await once(client, 'listening')
  return client
}

/** What comes back, in order. */
async function exchange(
  client: Socket,
  datagrams: readonly Uint8Array[],
  port: number,
  host = HOST,
): Promise<Buffer[]> {
  const answers: Buffer[] = []
  const all = new Promise<void>(resolve => {
    client.on('message', answer => {
      if (answers.push(answer) === datagrams.length) resolve()
    })
  })
  for (const datagram of datagrams) client.send(datagram, port, host)
  await all
  client.removeAllListeners('message')
  return answers
}

function numbered(count: number, bytes = 40): Buffer[] {
  return Array.from({ length: count }, (_, index) => {
    const datagram = Buffer.alloc(bytes, index)
    datagram.writeUInt32BE(index)
    return datagram
  })
}

const system = await loadDatagramCalls()
/** Takes three at most, and every fourth time none. */
let calls = 0
const reluctant: DatagramCalls | null = system && {
  bind: peer => system.bind(peer),
  receive: (fd, take) => system.receive(fd, take),
  send: (fd, datagrams) => (calls++ % 4 === 3 ? 0 : system.send(fd, datagrams.slice(0, 3))),
}

const ways = [
  ['many at once', {}],
  ['many at once, of which the system takes few', { calls: reluctant }],
  ['one by one', { calls: null }],
] as const

for (const [way, options] of ways) {
  describe(`a UDP port, ${way}`, { timeout: PATIENCE_MS }, () => {
    it('gives each of 200 datagrams once and in order, and its answer comes', async () => {
      const { port, bursts, given } = await openEcho(options)
      const client = await openClient()
      const datagrams = numbered(200)
      const answers = await exchange(client, datagrams, port.port)
      assert.deepEqual(
        given.map(bytes => Buffer.from(bytes)),
        datagrams,
      )
      // What Node sends in the system's place goes out later.
      assert.deepEqual(answers.sort(Buffer.compare), datagrams)
      assert.equal(
        bursts.reduce((sum, some) => sum + some, 0),
        200,
      )
      const most = Math.max(...bursts)
      if (way === 'one by one') assert.equal(most, 1)
      else assert.ok(most > 1 && most <= 33, `${most} at once`)
      client.close()
      await port.close()
    })

    it('takes and sends the longest and the shortest datagram', async () => {
      const { port } = await openEcho(options)
      const client = await openClient()
      const datagrams = [Buffer.alloc(0), Buffer.from([1]), Buffer.alloc(65_507, 0xa5)]
      const answers = await exchange(client, datagrams, port.port)
      assert.deepEqual(answers.sort(Buffer.compare), datagrams)
      client.close()
      await port.close()
    })

    it('tells senders apart and answers each', async () => {
      const { port, senders } = await openEcho(options)
      const clients = await Promise.all(Array.from({ length: 20 }, () => openClient()))
      const answers = await Promise.all(
        clients.map((client, index) => exchange(client, [Buffer.from([index])], port.port)),
      )
      assert.deepEqual(
        answers,
        clients.map((_, index) => [Buffer.from([index])]),
      )
      const ports = clients.map(client => client.address().port)
      assert.deepEqual(new Set(senders.map(sender => sender.port)), new Set(ports))
      assert.deepEqual(new Set(senders.map(sender => sender.address)), new Set([HOST]))
      for (const client of clients) client.close()
      await port.close()
    })

    it('that is taken is refused with the code of the system', async () => {
      const { port } = await openEcho(options)
      await assert.rejects(openEcho({ ...options, port: port.port }), { code: 'EADDRINUSE' })
      await assert.rejects(openEcho({ ...options, address: '192.0.2.1' }), { code: 'EADDRNOTAVAIL' })
      await port.close()
    })

    it('sends nothing after it was closed, nor to port 0', async () => {
      const { port } = await openEcho(options)
      port.send(Uint8Array.of(1), { address: HOST, port: 0 })
      port.flush()
      const again = port.port
      await port.close()
      await port.close()
      port.send(Uint8Array.of(1), { address: HOST, port: 9 })
      port.flush()
      // The port is free again.
      const next = await openEcho({ ...options, port: again })
      await next.port.close()
    })
  })
}

describe('a UDP port', () => {
  it('of an IPv6 address works likewise', async () => {
    const { port, senders } = await openEcho({ address: '::1' })
    const client = await openClient('udp6')
    const datagrams = numbered(50)
    assert.deepEqual(await exchange(client, datagrams, port.port, '::1'), datagrams)
    assert.equal(senders[0]!.address, '::1')
    client.close()
    await port.close()
  })

  it('has the calls for many at once on Linux', () => {
    assert.equal(system !== null, process.platform === 'linux')
  })
})
