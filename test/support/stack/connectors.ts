import { until } from './until.ts'

/** What Connect says about a connector. Beware: `trace` quotes rows. */
export interface ConnectorStatus {
  readonly connector: { readonly state: string; readonly trace?: string }
  readonly tasks: readonly { readonly id: number; readonly state: string; readonly trace?: string }[]
}

/** Creates or changes a connector, and resolves when it and all its tasks are RUNNING; throws as soon as one is FAILED. */
export async function putConnector(connectUrl: string, name: string, config: Record<string, string>): Promise<void> {
  const answer = await until(`Connect to accept ${name}`, async () => {
    const response = await request(connectUrl, 'PUT', `/connectors/${name}/config`, config)
    return response.status === 409 ? undefined : response // 409: the worker is between two assignments
  })
  if (!answer.ok) throw new Error(`Connect refuses ${name} (${answer.status}): ${await answer.text()}`)
  await waitForRunning(connectUrl, name)
}

/** Resolves when the connector and at least one task run; throws as soon as one of them is FAILED. */
export async function waitForRunning(connectUrl: string, name: string, timeoutMs = 30_000): Promise<void> {
  const status = await until(
    `connector ${name} to run`,
    async () => {
      const now = await connectorStatus(connectUrl, name)
      const states = now && [now.connector, ...now.tasks]
      const isSettled =
        states?.some(isFailed) || (now?.tasks.length && states?.every(({ state }) => state === 'RUNNING'))
      return isSettled ? now : undefined
    },
    timeoutMs,
  )
  const failed = [status.connector, ...status.tasks].find(isFailed)
  if (failed) throw new Error(`connector ${name} failed: ${failed.trace}`)
}

/** Undefined when there is no such connector, or its status is not known yet. */
export async function connectorStatus(connectUrl: string, name: string): Promise<ConnectorStatus | undefined> {
  const answer = await request(connectUrl, 'GET', `/connectors/${name}/status`)
  return answer.ok ? ((await answer.json()) as ConnectorStatus) : undefined
}

/** Whether the connector or one of its tasks is FAILED. */
export async function hasFailed(connectUrl: string, name: string): Promise<boolean> {
  const status = await connectorStatus(connectUrl, name)
  return status !== undefined && [status.connector, ...status.tasks].some(isFailed)
}

/** Restarts what is FAILED of a connector, which Connect never does by itself. */
export async function restartFailed(connectUrl: string, name: string): Promise<void> {
  const path = `/connectors/${name}/restart?includeTasks=true&onlyFailed=true`
  // 409 while the worker is between two assignments.
  await until(`Connect to restart ${name}`, async () => (await request(connectUrl, 'POST', path)).ok)
}

/** Deletes a connector and resolves when it is gone; one that does not exist is fine. */
export async function deleteConnector(connectUrl: string, name: string): Promise<void> {
  await until(`connector ${name} to be gone`, async () => {
    const { status } = await request(connectUrl, 'DELETE', `/connectors/${name}`)
    // Its tasks end after its name is gone.
    return status === 404 && (await connectorStatus(connectUrl, name)) === undefined
  })
}

const isFailed = ({ state }: { state: string }) => state === 'FAILED'

function request(connectUrl: string, method: string, path: string, body?: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  const signal = AbortSignal.timeout(10_000)
  return fetch(connectUrl + path, {
    method,
    headers,
    signal,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}
