import pg from 'pg'
import { expect, test } from 'vitest'
import { runs } from '../../properties/runs.ts'
import { compareWithPostgres } from '../../support/postgres-agreement.ts'
import { describeWithPostgres, freshDatabase } from '../../support/stack/require-stack.ts'

describeWithPostgres('expressions mean what Postgres takes them for', postgres => {
  const { name } = freshDatabase(postgres)

  test('random typed expressions over random rows', async () => {
    const seed = Number(process.env.SCRIM_EXPRESSION_SEED ?? Math.floor(Math.random() * 2 ** 31))
    const client = new pg.Client({ ...postgres, database: name })
    // The query that fails says so.
    client.on('error', () => {})
    await client.connect()
    try {
      const expressions = runs(1500)
      const { compared, failed, nulls, disagreements } = await compareWithPostgres(client, {
        seed,
        expressions,
        rows: 12,
      })
      expect(disagreements.slice(0, 5), `SCRIM_EXPRESSION_SEED=${seed}`).toEqual([])
      // Most of them say something, or the cases are not what they should be.
      expect(failed).toBeLessThan(compared / 5)
      expect(nulls).toBeLessThan(compared / 2)
      expect(compared).toBeGreaterThan(expressions * 8)
    } finally {
      await client.end()
    }
  })
})
