import { expect, test } from 'vitest'
import { createConnectClient } from '../../../src/adapters/connect/rest-client.ts'
import { describeWithStack } from '../../support/stack/require-stack.ts'
import { until } from '../../support/stack/until.ts'

describeWithStack('Kafka Connect', ({ connectUrl, postgres }) => {
  test('a failed task is shown, its trace is not', async () => {
    const name = `failing-${process.pid}`
    const config = {
      'connector.class': 'io.debezium.connector.jdbc.JdbcSinkConnector',
      topics: `nothing-${process.pid}`,
      'connection.url': `jdbc:postgresql://${postgres.host}:${postgres.port}/nowhere`,
      'connection.username': postgres.user,
      'connection.password': postgres.password,
    }
    const answer = await until('Connect to take the connector', async () => {
      const response = await fetch(`${connectUrl}/connectors/${name}/config`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(config),
      })
      return response.status === 409 ? undefined : response
    })
    expect(answer.status).toBe(201)
    const client = createConnectClient({ url: connectUrl })
    try {
      const state = await until('the task to fail', async () => {
        const found = (await client.states()).find(connector => connector.name === name)
        return found?.tasks.some(task => task.state === 'FAILED') === true ? found : undefined
      })
      expect(state).toEqual({ name, type: 'sink', state: 'RUNNING', tasks: [{ id: 0, state: 'FAILED' }] })
      expect(await (await fetch(`${connectUrl}/connectors/${name}/status`)).text()).toContain('"trace":')
    } finally {
      await fetch(`${connectUrl}/connectors/${name}`, { method: 'DELETE' })
    }
  })
})
