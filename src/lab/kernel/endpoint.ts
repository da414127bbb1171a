/** Where a server listens, and a connection to it. */
import { connect, type Socket } from 'node:net'
import { LastwordError } from '../../protocol/error.ts'
import { messageOf } from './message-of.ts'

/** A unix socket or a TCP port. */
export type Endpoint = { path: string } | { host: string; port: number }

/** Opens a socket to `endpoint`, or says why that cannot be. */
export function openSocket(endpoint: Endpoint): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(endpoint)
    const where = 'path' in endpoint ? endpoint.path : `${endpoint.host}:${endpoint.port}`
    socket.once('error', cause =>
      reject(
        new LastwordError('NO_CONNECTION', `Nothing answers at ${where}: ${messageOf(cause)}`, { cause }),
      ),
    )
    socket.once('connect', () => {
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}
