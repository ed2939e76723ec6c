import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A file of connectors/ as it is. */
export interface Connector {
  readonly name: string
  readonly config: Readonly<Record<string, string>>
}

/** The values for the `${env:NAME}` in a connector's settings, by NAME. */
export type ConnectorValues = Readonly<Record<string, string>>

/**
 * Reads connectors/<name>.json. Kafka Connect resolves `${env:...}` itself where its worker has the EnvVarConfigProvider;
 * here the ports are known only after the worker has started, so they are filled in before it sees them.
 */
export function readConnector(name: string, values: ConnectorValues): Connector {
  const text = readFileSync(new URL(`../../connectors/${name}.json`, import.meta.url), 'utf8')
  const filled = text.replace(/\$\{env:(\w+)\}/g, (_, variable: string) => {
    const value = values[variable]
    if (value === undefined) throw new Error(`connectors/${name}.json needs a value for ${variable}`)
    return JSON.stringify(value).slice(1, -1)
  })
  return JSON.parse(filled) as Connector
}

/** Registers a connector, and resolves when it and its task run; throws as soon as one of them failed. */
export async function register(connectUrl: string, { name, config }: Connector, signal: AbortSignal): Promise<void> {
  for (;;) {
    const answer = await call(connectUrl, 'PUT', `/connectors/${name}/config`, signal, config)
    if (answer.ok) break
    // 409: the worker is between two assignments.
    if (answer.status !== 409) throw new Error(`Kafka Connect refuses ${name} with status ${answer.status}`)
    await sleep(100, undefined, { signal })
  }
  for (;;) {
    const states = await connectorStates(connectUrl, name, signal)
    // Not its trace: that quotes rows. It is in the worker's log.
    if (states.includes('FAILED')) throw new Error(`connector ${name} failed`)
    if (states.length > 1 && states.every(state => state === 'RUNNING')) return
    await sleep(100, undefined, { signal })
  }
}

/** The states of a connector and its tasks; empty while Connect does not know it. */
export async function connectorStates(connectUrl: string, name: string, signal: AbortSignal): Promise<string[]> {
  const answer = await call(connectUrl, 'GET', `/connectors/${name}/status`, signal)
  if (!answer.ok) return []
  const { connector, tasks } = (await answer.json()) as { connector: { state: string }; tasks: { state: string }[] }
  return [connector, ...tasks].map(({ state }) => state)
}

function call(
  connectUrl: string,
  method: string,
  path: string,
  signal: AbortSignal,
  body?: unknown,
): Promise<Response> {
  return fetch(connectUrl + path, {
    method,
    headers: { 'content-type': 'application/json' },
    signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}
