import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { createKeeper, type Keeper } from '../../compose/stack/keeper.ts'
import { migratedDatabase } from '../adapters/postgres/migrated-database.ts'
import { aPolicy } from '../support/policy-documents.ts'
import { type Answer, proofToken, type Scrim, startScrim } from '../support/proof/scrim.ts'
import { describeWithPostgres } from '../support/stack/require-stack.ts'
import { until } from '../support/stack/until.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const secrets = { anna: 'anna-token-0123456789', bob: 'bob-token-0123456789' } as const

/** `scrim policies` as a process of its own; it ends by itself. */
const commandLine = (args: readonly string[], token: string): Promise<{ code: unknown; out: string }> =>
  new Promise(resolve => {
    const env = { PATH: process.env.PATH, SCRIM_TOKEN: token }
    execFile(process.execPath, [main, 'policies', ...args], { env, timeout: 10_000 }, (error, out) =>
      resolve({ code: error === null ? 0 : error.code, out }),
    )
  })

interface Seen {
  readonly current: number
  readonly instances: readonly {
    readonly id: string
    readonly version: number
    readonly state: string
    readonly isSelf: boolean
  }[]
}

describeWithPostgres('two instances under the rule of two persons', postgres => {
  const database = migratedDatabase(postgres)
  let keeper: Keeper | undefined
  afterAll(() => keeper?.release())

  const as = (who: keyof typeof secrets) => ({ authorization: `Bearer ${secrets[who]}`, 'if-match': '*' })
  const versionOf = async (scrim: Scrim): Promise<number> =>
    (await scrim.call('GET', '/v1/policies')).json<{ version: number }>().version
  const instancesOf = async (scrim: Scrim): Promise<Seen> =>
    (await scrim.call('GET', '/v1/policies/instances')).json<Seen>()

  test('a change that one has and the other approves is in force in both within a second, once', async () => {
    keeper = await createKeeper(tmpdir())
    const kept = keeper
    const folder = join(kept.dir, 'policies')
    await mkdir(folder)
    await writeFile(join(folder, 'a.json'), JSON.stringify(aPolicy('a')))
    const env = {
      // Policies need no Kafka: nobody listens there.
      KAFKA_BROKERS: '127.0.0.1:1',
      SCRIM_DATABASE_URL: database.serviceUrl,
      SCRIM_AUDIT_KEY: '00'.repeat(32),
      SCRIM_POLICIES: folder,
      SCRIM_POLICY_APPROVAL: 'two-person',
      SCRIM_TOKENS: `proof:all:${proofToken},anna:read+policies+approve:${secrets.anna},bob:read+approve:${secrets.bob}`,
    }
    const [one, other] = await Promise.all([startScrim(kept, env), startScrim(kept, env)])
    await until('both to run the first import', async () =>
      (await Promise.all([one, other].map(versionOf))).every(version => version === 1),
    )

    const proposed = await one.call('PUT', '/v1/policies/b?reason=ticket', aPolicy('b'), as('anna'))
    expect([proposed.status, proposed.json()]).toMatchObject([202, { proposal: '1' }])
    const approve = (scrim: Scrim, who: keyof typeof secrets): Promise<Answer> =>
      scrim.call('POST', '/v1/policies/proposals/1/approve', { reason: 'looked at' }, as(who))
    expect((await approve(other, 'anna')).json()).toMatchObject({ code: 'POLICY_APPROVAL_SAME_PERSON' })

    const read = await commandLine(['proposal', '1', '--url', other.url], secrets.bob)
    expect(read).toMatchObject({ code: 0, out: expect.stringContaining('+ name: "b"') })
    const refused = await commandLine(['approve', '1', '--reason', 'r', '--url', other.url], secrets.anna)
    expect(refused).toMatchObject({ code: 1, out: '' })

    // Both instances are asked at once: the database lets one of them in.
    const from = performance.now()
    const answers = await Promise.all([one, other, one, other].map(scrim => approve(scrim, 'bob')))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409])
    await until('both to run the approved version', async () =>
      (await Promise.all([one, other].map(versionOf))).every(version => version === 2),
    )
    expect(performance.now() - from).toBeLessThan(1000)
    const { versions } = (await one.call('GET', '/v1/policies/versions')).json<{ versions: unknown[] }>()
    expect(versions).toMatchObject([
      { version: 2, author: 'anna', approver: 'bob' },
      { version: 1, approver: null },
    ])

    const seen = await until('each to see both on the version that counts', async () => {
      const both = await Promise.all([one, other].map(instancesOf))
      const isSettled = both.every(
        ({ current, instances }) => current === 2 && instances.every(({ state }) => state === 'current'),
      )
      return isSettled && both
    })
    for (const { instances } of seen) expect(instances.map(({ isSelf }) => isSelf).sort()).toEqual([false, true])
    expect(seen[0]?.instances.map(({ id }) => id)).toEqual(seen[1]?.instances.map(({ id }) => id))

    // Changed files are a proposal, one for both, and each says so.
    await writeFile(join(folder, 'a.json'), JSON.stringify(aPolicy('a', 'null')))
    expect((await one.call('POST', '/v1/policies/reload', undefined, as('anna'))).status).toBe(409) // REST changed the set
    expect((await one.call('POST', '/v1/policies/reload?force=true', undefined, as('anna'))).json()).toMatchObject({
      proposal: '2',
    })
    expect(await versionOf(other)).toBe(2)

    expect(await one.stop()).toMatchObject({ code: 0 })
    expect((await instancesOf(other)).instances).toHaveLength(1)
    await other.kill()
    const [silent] = await database.asOwner('select version from scrim_instance')
    expect(silent).toEqual({ version: 2 })
    // Who was killed took no leave; nothing that was proposed is lost.
    const last = await startScrim(kept, env)
    await until('the last one to run it', async () => (await versionOf(last)) === 2)
    const { proposals } = (await last.call('GET', '/v1/policies/proposals?state=open')).json<{ proposals: unknown[] }>()
    expect(proposals).toMatchObject([{ id: '2', author: 'anna', baseVersion: 2 }])
    expect(await last.stop()).toMatchObject({ code: 0 })
  }, 120_000)
})
