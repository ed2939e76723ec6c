import { afterEach, expect, test } from 'vitest'
import { createGround, type Ground } from '../support/proof/ground.ts'
import { peopleMasks, peoplePolicy } from '../support/proof/people.ts'
import type { Scrim } from '../support/proof/scrim.ts'
import { readTopic } from '../support/stack/kafka-clients.ts'
import { describeWithStack } from '../support/stack/require-stack.ts'
import { until } from '../support/stack/until.ts'

const keysOf = (digit: string) => ({ SCRIM_KEYS: JSON.stringify({ default: digit.repeat(64) }) })

describeWithStack('keys that were published', ({ brokers, postgres }) => {
  let ground: Ground | undefined
  afterEach(() => ground?.release())

  test('a start with another key publishes nothing until it is said that the topic begins anew', async () => {
    const policies = (topic: string) => [peoplePolicy(topic, { ...peopleMasks, id: { maskType: 'hash' } })]
    const here = await createGround({ brokers, postgres, partitions: 1, policies })
    ground = here
    const isReady = (scrim: Scrim) =>
      until('readiness', async () => (await scrim.call('GET', '/health/ready')).status === 200)
    const published = () => readTopic(here.kafka, here.maskedTopic)
    const same = { id: 1, partition: 0 }

    const first = await here.start(keysOf('7'))
    await here.write([same])
    await here.caughtUp()
    await first.stop()
    const before = await published()

    const second = await here.start(keysOf('8'))
    await here.write([same])
    const reason = await until('the reason', async () =>
      (await second.ready()).reasons.find(({ code }) => code === 'POLICY_KEY_CHANGED'),
    )
    expect(reason).toMatchObject({ where: { topic: here.topic, path: 'key.id' } })
    expect(await published()).toHaveLength(before.length)
    const forget = { topic: here.maskedTopic, reason: 'both are emptied' }
    expect((await second.call('POST', '/v1/policies/keys/forget', forget)).status).toBe(200)
    await isReady(second)
    await here.caughtUp()
    const keys = (await published()).map(({ key }) => key?.toString())
    expect([keys.length, new Set(keys).size]).toEqual([2, 2])
    expect(await second.stop()).toMatchObject({ code: 0 })
  })
})
