import { request } from 'undici'
import { ScrimError } from '../../errors.ts'
import type { ConnectorConfig, ConnectorConfigs } from '../../services/ports/checks.ts'
import type { ConnectorSource, ConnectorState } from '../../services/ports/watching.ts'

export interface ConnectClientOptions {
  /** Credentials in it are sent as Basic authentication. */
  readonly url: string
  readonly timeoutMs?: number
}

/** More than this is not a list of states. */
const MAX_BYTES = 20_000_000

/** Kafka Connect's REST API. Traces hold row values and are left where they are; so are configurations, which hold passwords, unless they are asked for. */
export function createConnectClient({
  url,
  timeoutMs = 5000,
}: ConnectClientOptions): ConnectorSource & ConnectorConfigs {
  const base = new URL(url)
  const headers: Record<string, string> = { accept: 'application/json' }
  if (base.username !== '') {
    headers.authorization = `Basic ${Buffer.from(`${decodeURIComponent(base.username)}:${decodeURIComponent(base.password)}`).toString('base64')}`
    base.username = ''
    base.password = ''
  }
  const expanded = (what: 'status' | 'info'): Promise<Record<string, unknown>> =>
    read(new URL(`${base.pathname.replace(/\/$/, '')}/connectors?expand=${what}`, base), headers, timeoutMs)

  return {
    states: async () => {
      const answer = await expanded('status')
      return Object.entries(answer).map(([name, connector]) => stateOf(name, connector))
    },
    configs: async () => {
      const answer = await expanded('info')
      return Object.entries(answer).map(([name, connector]) => configOf(name, connector))
    },
  }
}

/** Anything but a list is "not now": 409 while Connect rebalances, 404 while it starts, time-outs. */
async function read(
  address: URL,
  headers: Record<string, string>,
  timeoutMs: number,
): Promise<Record<string, unknown>> {
  try {
    const { statusCode, body } = await request(address, { headers, signal: AbortSignal.timeout(timeoutMs) })
    if (statusCode !== 200) {
      await body.dump()
      throw new ScrimError('CONNECT_UNAVAILABLE', { path: `status ${statusCode}` })
    }
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > MAX_BYTES) throw new ScrimError('CONNECT_UNAVAILABLE', { path: 'answer too large' })
      chunks.push(chunk)
    }
    const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    if (!isObject(parsed)) throw new ScrimError('CONNECT_UNAVAILABLE', { path: 'answer' })
    return parsed
  } catch (error) {
    if (error instanceof ScrimError) throw error
    throw new ScrimError('CONNECT_UNAVAILABLE', { path: error instanceof Error ? error.name : 'error' })
  }
}

/** Picks names and states, nothing else. */
function stateOf(name: string, connector: unknown): ConnectorState {
  const status = member(connector, 'status')
  const type = member(status, 'type')
  const tasks = member(status, 'tasks')
  return {
    name,
    type: type === 'source' || type === 'sink' ? type : 'unknown',
    state: word(member(member(status, 'connector'), 'state')),
    tasks: (Array.isArray(tasks) ? tasks : []).map((task, index) => {
      const id = member(task, 'id')
      return { id: typeof id === 'number' ? id : index, state: word(member(task, 'state')) }
    }),
  }
}

function configOf(name: string, connector: unknown): ConnectorConfig {
  const config = member(member(connector, 'info'), 'config')
  const settings = Object.entries(isObject(config) ? config : {}).flatMap(([key, value]) =>
    typeof value === 'string' ? [[key, value] as const] : [],
  )
  return { name, config: new Map(settings) }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const member = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined)
const word = (state: unknown): string => (typeof state === 'string' && /^[A-Z_]{1,40}$/.test(state) ? state : 'UNKNOWN')
