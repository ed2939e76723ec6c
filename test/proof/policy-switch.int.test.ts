import { afterEach, expect, test } from 'vitest'
import { createGround, type Ground } from '../support/proof/ground.ts'
import { peopleMasks, peoplePolicy } from '../support/proof/people.ts'
import { describeWithStack } from '../support/stack/require-stack.ts'
import { until } from '../support/stack/until.ts'

const switches = 8
const mostMs = 1000

describeWithStack('policies that change under load', ({ brokers, postgres }) => {
  let ground: Ground | undefined
  afterEach(() => ground?.release())

  test('each record shows one set or the other as its audit row says, and a change is in force everywhere within a second', async () => {
    const here = await createGround({ brokers, postgres })
    ground = here
    const { aadhaar, mobile, ...both } = peopleMasks
    const sets = [
      peoplePolicy(here.topic, { ...both, aadhaar: aadhaar! }),
      peoplePolicy(here.topic, { ...both, mobile: mobile! }),
    ]
    // Two instances, so that a change has to find its way to the one that was not asked.
    const instances = [await here.start(), await here.start()]
    await until('both to have partitions', () => instances.every(({ log }) => /"partitions":2,.*assigned/.test(log())))
    const load = here.load({ seed: 3, perSecond: 2000, poison: 0.001 })
    const admin = here.kafka.admin()
    await admin.connect()
    const marks: { readonly version: number; readonly ends: ReadonlyMap<number, bigint> }[] = []
    for (let n = 0; n < switches; n++) {
      const answer = await instances[0]!.call('PUT', '/v1/policies/people', sets[n % 2], { 'if-match': '*' })
      expect(answer.status).toBe(200)
      const answered = performance.now()
      await until('the second to be over', () => performance.now() - answered >= mostMs)
      const offsets = await admin.fetchTopicOffsets(here.topic)
      marks.push({
        version: answer.json<{ version: number }>().version,
        ends: new Map(offsets.map(({ partition, high }) => [partition, BigInt(high)])),
      })
    }
    await admin.disconnect()
    await load.stop()
    await here.caughtUp()
    for (const instance of instances) expect(await instance.stop()).toMatchObject({ code: 0 })

    expect(await here.judge()).toMatchObject({ faults: [], repeated: 0 })
    const { rows } = await (await here.db()).query<{ partition: number; offset: string; version: number }>(
      'select topic_partition as partition, topic_offset as offset, policy_version as version from cdc_audit_log',
    )
    // What came after the second must not have been masked by an older set; in the last mark nothing may come after.
    const late = marks.flatMap(({ version, ends }) =>
      rows.filter(row => row.version < version && BigInt(row.offset) >= (ends.get(row.partition) ?? 0n)),
    )
    expect(late).toEqual([])
    const perVersion = Map.groupBy(rows, ({ version }) => version)
    expect(perVersion.size).toBeGreaterThanOrEqual(switches)
    for (const { version } of marks.slice(0, -1)) expect(perVersion.get(version)?.length).toBeGreaterThan(500)
  })
})
