import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Command } from '../../src/commands/command.ts'
import { dryRunCommand } from '../../src/commands/dry-run.ts'
import { explainCommand } from '../../src/commands/explain.ts'
import type { DryRunReport } from '../../src/services/dry-run-report.ts'
import type { Explanation } from '../../src/services/explain.ts'
import { postgresUrl } from '../../compose/stack/postgres.ts'
import { createCollectingTerminal } from '../support/collecting-terminal.ts'
import { createGround, type Ground } from '../support/proof/ground.ts'
import { peopleMasks, peoplePolicy } from '../support/proof/people.ts'
import type { Scrim } from '../support/proof/scrim.ts'
import { describeWithStack } from '../support/stack/require-stack.ts'
import { until } from '../support/stack/until.ts'

describeWithStack("a steward's way, beside a running Scrim", ({ brokers, postgres }) => {
  let ground: Ground
  let scrim: Scrim
  let folder = ''
  let env: NodeJS.ProcessEnv = {}
  const written = 400

  beforeAll(async () => {
    ground = await createGround({ brokers, postgres, partitions: 2 })
    const load = ground.load({ seed: 7, perSecond: 2_000 })
    await until('records', () => load.sent() > written)
    await load.stop()
    scrim = await ground.start()
    await ground.caughtUp()
    folder = join(ground.dir, 'candidate')
    mkdirSync(folder)
    env = { KAFKA_BROKERS: brokers, SCRIM_DATABASE_URL: postgresUrl(postgres, ground.database) }
  })
  afterAll(() => ground?.release())

  const candidate = (masks: Readonly<Record<string, object>>): void =>
    writeFileSync(join(folder, 'p.json'), JSON.stringify(peoplePolicy(ground.topic, { ...peopleMasks, ...masks })))
  const run = async ({ run: command, options }: Command, args: readonly string[]) => {
    const terminal = createCollectingTerminal(env)
    const code = await command(parseArgs({ args: ['-p', folder, '--json', ...args], options }), terminal)
    return { code, ...terminal.said() }
  }

  test('check what a change would do, put it in force, see it, go back: no offset moves meanwhile', async () => {
    const committed = await ground.committed()
    candidate({ email: { maskType: 'none' } })
    const tried = await run(dryRunCommand, ['--last', '100'])
    expect(tried.code).toBe(1)
    const report = JSON.parse(tried.out) as DryRunReport
    expect(report).toMatchObject({
      current: { name: 'version 1' },
      isComplete: true,
      findings: { 'newly-clear': 1, rejected: 0 },
      topics: [{ topic: ground.topic, records: 100, partitions: 2, views: [{ columns: [{ path: 'email' }] }] }],
    })
    expect(tried.out).not.toMatch(/u\d{6}@/)

    candidate({ email: { maskType: 'full' } })
    expect((await run(dryRunCommand, [])).code).toBe(0)
    const policy = peoplePolicy(ground.topic, { ...peopleMasks, email: { maskType: 'full' } })
    const answer = await scrim.call('POST', '/v1/dry-run', { policy })
    const whole = answer.json<DryRunReport>()
    expect(whole).toMatchObject({ isComplete: true, findings: { 'newly-clear': 0, changed: 1 } })
    expect(whole.topics[0]?.records).toBe(committed)
    expect((await scrim.call('PUT', '/v1/policies/people', policy, { 'if-match': '*' })).status).toBe(200)

    // What was put in force is what a candidate is compared with from now on.
    expect(JSON.parse((await run(dryRunCommand, [])).out)).toMatchObject({
      current: { name: 'version 2' },
      findings: { changed: 0 },
    })
    expect((await scrim.call('POST', '/v1/dry-run', { version: 1 })).json()).toMatchObject({ findings: { changed: 1 } })
    expect((await scrim.call('POST', '/v1/policies/rollback', { version: 1 })).status).toBe(200)
    expect(await ground.committed()).toBe(committed)
    const { rows } = await (await ground.db()).query('select call, caller from scrim_call order by call_id')
    expect(rows).toEqual([
      { call: 'dry-run', caller: 'proof' },
      { call: 'dry-run', caller: 'proof' },
    ])
  })

  test('a record where it lies is explained, by command line and by HTTP', async () => {
    candidate({})
    const { code, out } = await run(explainCommand, ['--at', `${ground.topic}/0@0`])
    expect(code).toBe(0)
    const explained = JSON.parse(out) as Explanation
    expect(explained).toMatchObject({ views: [{ outcome: { outcome: 'publish' } }] })
    const email = explained.views[0]?.columns.find(({ column }) => column === 'email')
    expect(email).toMatchObject({
      type: 'string',
      mask: 'email',
      candidates: [{ policy: 'people', verdict: 'applies' }],
    })
    const answer = await scrim.call('POST', '/v1/explain', { topic: ground.topic, partition: 0, offset: 0 })
    expect(answer.json<Explanation>().views).toEqual(explained.views)
    // A topic alone: the columns are those that the running instance has met under the set in force.
    await ground.write([{ id: 1, partition: 0 }])
    const topic = await until('the schema to be stored', async () => {
      const found = JSON.parse((await run(explainCommand, ['--topic', ground.topic])).out) as Explanation
      return found.views[0]?.columns.every(one => one.type !== null) && found
    })
    expect(topic.views[0]).toMatchObject({ outcome: null, notMet: [] })
    expect(topic.views[0]?.columns.map(({ column }) => column)).toContain('aadhaar')
    expect((await run(explainCommand, ['--at', `${ground.topic}/0@9999999`])).code).toBe(1)
    expect((await run(explainCommand, ['--at', `${ground.topic}-gone/0@0`])).code).toBe(1)
  })
})
