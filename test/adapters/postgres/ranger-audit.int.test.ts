import { expect, test } from 'vitest'
import { createPolicyStore } from '../../../src/adapters/postgres/policy-store.ts'
import { createRangerAuditTable } from '../../../src/adapters/postgres/ranger-audit.ts'
import { describeWithPostgres } from '../../support/stack/require-stack.ts'
import { anEvent } from '../../support/ranger-events.ts'
import { migratedDatabase } from './migrated-database.ts'

describeWithPostgres('audit events in the form of Ranger', postgres => {
  const database = migratedDatabase(postgres)
  const table = createRangerAuditTable({ database: database.open() })
  const rows = () => database.asOwner('select id::text, "at", event from scrim_ranger_audit order by id')

  test('stand in the table as they are, each once', async () => {
    await table.write([anEvent(1), anEvent(2)])
    await table.write([anEvent(2), anEvent(3)])
    expect(await rows()).toEqual(
      [1, 2, 3].map(n => ({ id: anEvent(n).id, at: new Date('2026-11-20T10:00:00.000Z'), event: anEvent(n) })),
    )
  })

  test('a name that Postgres cannot hold stops nothing', async () => {
    await table.write([anEvent(4, { resource: 'raw.a/x\u0000\ud800y' })])
    expect((await rows()).at(-1)).toMatchObject({ event: { resource: 'raw.a/x\ufffd\ufffdy' } })
  })

  test('the service may add, never change or remove', async () => {
    const service = database.open()
    for (const text of ['delete from scrim_ranger_audit', `update scrim_ranger_audit set event = '{}'`])
      await expect(service.query({ text })).rejects.toMatchObject({ code: 'POSTGRES_NOT_AUTHORISED' })
  })

  test('a version may come from Ranger Admin', async () => {
    const store = createPolicyStore({ database: database.open() })
    const version = { author: 'ranger:cl1', reason: 'policy version 42', origin: 'ranger', filesDigest: null } as const
    await store.add(0, { documents: [], patch: [], approver: null, ...version })
    expect(await store.current()).toMatchObject({ version: 1, ...version })
  })
})
