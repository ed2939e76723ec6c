import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compile } from '../../src/engine.ts'
import { isMaskingPolicy, type PolicyDocument } from '../../src/policy/document.ts'
import { exportToRanger } from '../../src/policy/ranger-export.ts'
import { createTransform } from '../../src/pipeline/transform.ts'
import { agree, exampleKey, randomCase } from '../support/agreement.ts'
import { naiveTransform } from '../support/naive-engine.ts'
import { createRandom } from '../support/random.ts'
import { createRecordWriter } from '../support/random-record.ts'
import { outcomesOf, rawBatch } from '../support/raw-batch.ts'
import { runs } from './runs.ts'

const isSchema = (document: object): boolean => 'tableSchema' in document

/** Seeds that found a fault. */
const columnsWithADot = 1_080_445_495
const noColumns = 214_875_140

test('what an export says all of decides the same when it is read again', () => {
  let compared = 0
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 31 - 1 }), seed => {
      const random = createRandom(seed)
      const { table, policies, settings, compacted } = randomCase(random)
      // Ranger has no schemas: they are kept beside.
      const schemas = (policies as PolicyDocument[]).filter(isSchema)
      const masking = (policies as PolicyDocument[]).filter(document => !isSchema(document))
      const exported = exportToRanger(masking)
      // The second reading of a path (`before.x`: what is in a column `before`) is lost. It matters where there is such a
      // column; and where a higher policy clears `x`, for it still counts as hiding, so that comments are left out.
      const isAmbiguous =
        table.columns.some(({ name }) => ['after', 'before', 'key', 'payload'].includes(name)) ||
        masking.filter(isMaskingPolicy).some(({ policyPriority }) => policyPriority === 1)
      if (exported.notExported.length > 0 || isAmbiguous) return
      const options = { keys: { default: exampleKey }, settings }
      const [before, after] = [policies, [...exported.policies, ...schemas]].map(documents => {
        const { plan, problems } = compile(documents as unknown[], options)
        return { plan: plan?.forTopic(table.topic, { compacted }) ?? null, problems }
      })
      expect(after?.problems.filter(({ severity }) => severity === 'error')).toEqual([])
      if (before?.plan == null) return
      expect(after?.plan).not.toBeNull()
      const writer = createRecordWriter(table, random)
      const records = Array.from({ length: 20 }, () => writer.next())
      const batch = rawBatch(records, { topic: table.topic, partitions: 1, gap: '' })
      const outcomes = outcomesOf(createTransform(() => 0)(batch, after!.plan!), records.length)
      for (const [n, record] of records.entries()) {
        // Of several faults of a record either may be told, which the naive engine knows.
        const naive = naiveTransform(record, before.plan.views[0]!, 1)
        expect(agree(outcomes[n]!, naive), `seed ${seed}, record ${n}`).toBe(true)
      }
      compared++
    }),
    { numRuns: runs(300), endOnFailure: true, examples: [[columnsWithADot], [noColumns]] },
  )
  expect(compared).toBeGreaterThan(20)
})
