import { readdirSync, readFileSync } from 'node:fs'
import { type Connector, register } from '../demo/connectors.ts'

const timeoutMs = 180_000

/** Every file of connectors/ as it is: Kafka Connect itself puts in what `${env:NAME}` stands for. */
export function readConnectors(): Connector[] {
  const folder = new URL('../../connectors/', import.meta.url)
  const names = readdirSync(folder).filter(name => name.endsWith('.json'))
  return names.map(name => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Connector)
}

if (import.meta.main) {
  const url = process.env.CONNECT_URL ?? 'http://connect:8083'
  for (const connector of readConnectors()) {
    await register(url, connector, AbortSignal.timeout(timeoutMs))
    process.stdout.write(`${connector.name} runs\n`)
  }
}
