/** So many Get Device ID through handler, KCS and BMC: the load of the tracepoint benchmark. */
import { FaultHost } from '../lab/faults/host.ts'

const host = new FaultHost()

export function runMessages(count: number): void {
  let answered = 0
  const onReply = () => answered++
  for (let i = 0; i < count; i++) {
    host.user.send({ netFn: 0x06, cmd: 0x01 }, onReply)
    while (answered <= i) {
      host.driver.poll(0)
      if (host.handler.hasWork) host.handler.work()
    }
  }
  host.requests.length = 0
}
