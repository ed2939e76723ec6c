import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ScrimError } from '../../src/errors.ts'
import { createConnectorWatch } from '../../src/services/connector-watch.ts'
import type { ConnectorState } from '../../src/services/ports/watching.ts'
import { createQuietLog } from '../support/quiet-log.ts'

const running: ConnectorState = { name: 'sink', type: 'sink', state: 'RUNNING', tasks: [{ id: 0, state: 'RUNNING' }] }
const failed: ConnectorState = { ...running, tasks: [{ id: 0, state: 'FAILED' }] }

let stop: AbortController
beforeEach(() => {
  stop = new AbortController()
})
afterEach(() => stop.abort())

/** A watch over answers that the test gives; the last one is given again and again. */
function start(answers: (readonly ConnectorState[] | ScrimError | Error)[], names: readonly string[] = []) {
  const log = createQuietLog()
  const shown: (readonly ConnectorState[])[] = []
  let asked = 0
  const watch = createConnectorWatch({
    source: {
      states: async () => {
        const answer = answers[Math.min(asked++, answers.length - 1)] ?? []
        if (answer instanceof Error) throw answer
        return answer
      },
    },
    names,
    metrics: { connectors: states => void shown.push(states) },
    log,
    intervalMs: 1,
  })
  return { watch, log, shown, asked: () => asked, done: watch.run(stop.signal) }
}
const away = new ScrimError('CONNECT_UNAVAILABLE')

test('shows states and tells each change once', async () => {
  const { watch, log, asked } = start([[running], [running], [failed], [failed]])
  await vi.waitFor(() => expect(asked()).toBeGreaterThan(5))
  expect(watch.states()).toEqual([failed])
  expect(watch.dependency()).toMatchObject({ up: true, code: null })
  expect(log.lines.filter(({ message }) => message === 'connector')).toMatchObject([
    { level: 'info' },
    { level: 'warn', fields: { connector: 'sink', tasks: ['0 FAILED'] } },
  ])
})

test('one refusal is no outage; three are, and the last states stay', async () => {
  const { watch, log, asked } = start([[running], away, [running], away, away, away, away])
  await vi.waitFor(() => expect(asked()).toBeGreaterThan(7))
  expect(watch.dependency()).toMatchObject({ up: false, code: 'CONNECT_UNAVAILABLE' })
  expect(watch.states()).toEqual([running])
  expect(log.lines.filter(({ message }) => message === 'Kafka Connect').map(({ fields }) => fields.up)).toEqual([
    true,
    false,
  ])
})

test('only the connectors that are asked for; one that is not there is missing', async () => {
  const { watch } = start([[running, { ...running, name: 'other' }]], ['sink', 'nowhere'])
  await vi.waitFor(() =>
    expect(watch.states()).toMatchObject([{ name: 'sink' }, { name: 'nowhere', state: 'MISSING' }]),
  )
})

test('a bug ends it', async () => {
  const { done } = start([new TypeError('bug')])
  await expect(done).rejects.toThrow(TypeError)
})
