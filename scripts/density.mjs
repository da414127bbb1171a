/**
 * Starts `lastword bmc --count N` and tells when the thousandth answers, when all do, and what memory they take; then a
 * thousand processes of `ipmi_sim`, where it is installed.
 */
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { IpmiSim } from '../dist/lab/lan/ipmi-sim.js'

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
/** Resident memory, what is shared between processes counted once in all. */
function memoryMib(pid) {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) / 1024
}

const ourMib = memoryMib(child.pid)
child.kill()
const figures = {
  count,
  nth,
  nthAnswersMs: Math.round(nthMs),
  allReadyMs: Math.round(readyMs),
  memoryMib: Math.round(ourMib),
  kibForEach: Math.round((ourMib * 1024) / count),
  ipmiSim: await ofIpmiSim(nth).catch(error => `not measured: ${error.message}`),
}
process.stdout.write(`${JSON.stringify(figures)}\n`)

/** As many at a time as keep two cores busy. */
async function ofIpmiSim(number) {
  const sims = []
  const began = performance.now()
  try {
    const starter = async () => {
      while (sims.length < number) {
        const place = sims.push(null) - 1
        sims[place] = await IpmiSim.start()
      }
    }
    await Promise.all(Array.from({ length: 8 }, starter))
    const nthAnswersMs = Math.round(performance.now() - began)
    const all = sims.reduce((sum, { pid }) => sum + memoryMib(pid), 0)
    return { count: number, nth: number, nthAnswersMs, kibForEach: Math.round((all * 1024) / number) }
  } finally {
    await Promise.all(sims.map(sim => sim?.[Symbol.asyncDispose]()))
  }
}
