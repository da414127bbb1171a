/** Starts `lastword bmc --count N` and tells when the thousandth answers, when all do, and what memory they take. */
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const count = Number(process.argv[2] ?? 10_000)
const port = 9623
const nth = Math.min(1000, count)
const address = number => `127.20.${(number - 1) >> 8}.${(number - 1) & 0xff}`
/** RMCP presence ping. */
const ping = Buffer.from('0600ff06000011be8000000000', 'hex')

const startedMs = performance.now()
const main = fileURLToPath(new URL('../dist/bin/lastword.cjs', import.meta.url))
const options = ['bmc', '--lan', `${address(1)}:${port}`, '--count', String(count), '--json']
const child = spawn(process.execPath, [main, ...options], { stdio: ['ignore', 'pipe', 'inherit'] })
const ready = once(createInterface({ input: child.stdout }), 'line').then(() => performance.now() - startedMs)

/** Pings until it answers; milliseconds since the start. */
async function answersAfterMs(number) {
  const socket = createSocket('udp4')
  socket.on('error', () => {})
  const pong = once(socket, 'message').then(() => performance.now() - startedMs)
  const pinging = setInterval(() => socket.send(ping, port, address(number)), 5)
  const ms = await pong
  clearInterval(pinging)
  socket.close()
  return ms
}

const nthMs = await answersAfterMs(nth)
const readyMs = await ready
for (let number = 1; number <= count; number += 97) await answersAfterMs(number)
const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
const rssMib = Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024
child.kill()
const figure = {
  count,
  nth,
  nthAnswersMs: Math.round(nthMs),
  allReadyMs: Math.round(readyMs),
  rssMib: Math.round(rssMib),
}
process.stdout.write(`${JSON.stringify(figure)}\n`)
