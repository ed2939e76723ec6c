import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

// Below the range the kernel takes outgoing ports from (32768 and up on Linux, 49152 and up on macOS). A port from that range
// can be taken while a part is down: a client that retries 127.0.0.1:PORT may even get PORT as its own end and connect to itself.
const lowest = 15_000
const highest = 32_000

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** Picks `count` different ports of 127.0.0.1 that nobody listens on and that no outgoing connection will take. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  for (let tries = 0; ports.size < count; tries++) {
    if (tries > 1000)
      throw new Error(`found only ${ports.size} of ${count} free ports between ${lowest} and ${highest}`)
    const port = randomInt(lowest, highest)
    if (!ports.has(port) && (await isFree(port))) ports.add(port)
  }
  return [...ports]
}
