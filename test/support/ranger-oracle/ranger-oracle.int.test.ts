import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PolicyDocument } from '../../../src/policy/document.ts'
import { exportToRanger } from '../../../src/policy/ranger-export.ts'
import ownServiceDef from '../../../src/policy/ranger/servicedef-kafka-cdc.json' with { type: 'json' }
import { readDocuments } from '../../../src/policy/read-documents.ts'
import { engineFiles } from '../../conformance/cases.ts'
import { createRandom } from '../random.ts'
import { compareOn } from './differential.ts'
import { randomService } from './random-service.ts'
import { missingForOracle, type RangerOracle, startRangerOracle } from './ranger-oracle.ts'
import { askedAnew, isSelfContained } from './suite-service.ts'

const missing = await missingForOracle()
if (missing !== '') process.stderr.write(`\nWARNING: tests that ask Apache Ranger are skipped: ${missing}\n`)
if (missing !== '' && process.env.SCRIM_REQUIRE_STACK === '1') throw new Error(`SCRIM_REQUIRE_STACK=1, but ${missing}`)

describe.skipIf(missing !== '')(missing === '' ? 'Apache Ranger' : `Apache Ranger (skipped: ${missing})`, () => {
  let oracle: RangerOracle
  beforeAll(async () => {
    oracle = await startRangerOracle()
  }, 600_000)
  afterAll(() => oracle?.stop())

  const seed = Date.now() % 1_000_000
  test(`decides as our engine in its order does, for random policies (npm run prove:ranger -- --seed ${seed})`, async () => {
    let decided = 0
    let known = 0
    for (let n = 0; n < 60; n++) {
      const found = await compareOn(randomService(createRandom(seed * 1_000_003 + n), 50), oracle)
      expect(found.differences, `--seed ${seed} --from ${n}`).toEqual([])
      decided += found.decided
      known += Object.values(found.known).reduce((sum, times) => sum + times, 0)
    }
    // What is told apart on purpose is rare, or the table of it hides something.
    expect(known).toBeLessThan(60)
    // Nobody asked for anything, or nothing was compared, if there are few.
    expect(decided).toBeGreaterThan(200)
  })

  test.each(engineFiles.filter(isSelfContained).map(file => [file.name, file] as const))(
    'decides so in %s',
    async (_name, file) => {
      const service = askedAnew(file, createRandom(7), 60)
      expect((await compareOn(service, oracle)).differences).toEqual([])
    },
  )

  describe('takes', () => {
    const verdictsOn = (policies: readonly unknown[]) =>
      oracle.validate({ serviceName: 'kafka', serviceDef: { id: 301, ...ownServiceDef }, policies })
    const exported = (...documents: unknown[]) =>
      exportToRanger(documents.flatMap(json => readDocuments(json, 'test').documents as PolicyDocument[])).policies

    test('our service definition, and the policies of this repository as they are exported', async () => {
      const folder = new URL('../../../policies/', import.meta.url)
      const own = readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter(name => name.endsWith('.json'))
        .flatMap(name => exported(JSON.parse(readFileSync(new URL(name, folder), 'utf8'))))
      const verdicts = await verdictsOn(own)
      expect(verdicts.serviceDef).toBeNull()
      expect(verdicts.policies.length).toBeGreaterThan(3)
      expect(verdicts.policies.filter(reason => reason !== null)).toEqual([])
    })

    test('row filters, expressions and readers', async () => {
      const policies = exported({
        name: 'all',
        users: ['anna'],
        roles: ['clerk'],
        policyPriority: 1,
        resources: { topic: ['shop.*', 'hr.staff'] },
        maskingPolicy: {
          maskingConditions: [
            { field: 'id', maskType: 'plain_hash' },
            { field: 'name', maskType: 'custom', valueExpr: "concat('x', {col})" },
            { field: 'after.*', maskType: 'drop' },
          ],
          rowFilter: { filterExpr: 'id > 3', undecidedDelete: 'drop' },
        },
      })
      expect(policies).toHaveLength(4)
      expect((await verdictsOn(policies)).policies).toEqual([null, null, null, null])
    })

    test('no policy with a resource or an access that the definition lacks, without a mask, or for nobody', async () => {
      const [policy] = exported({
        name: 'a',
        resources: { topic: 't' },
        maskingPolicy: { maskingConditions: [{ field: 'id', maskType: 'none' }] },
      }) as [{ resources: object; dataMaskPolicyItems: [object] }]
      const item = policy.dataMaskPolicyItems[0]
      const broken = [
        { ...policy, dataMaskPolicyItems: [{ ...item, dataMaskInfo: {} }] },
        { ...policy, resources: { topic: { values: ['t'] }, moon: { values: ['x'] } } },
        { ...policy, dataMaskPolicyItems: [{ ...item, accesses: [{ type: 'fly', isAllowed: true }] }] },
        { ...policy, dataMaskPolicyItems: [{ ...item, groups: [] }] },
      ]
      const { policies: reasons } = await verdictsOn([policy, ...broken])
      expect(reasons.map(reason => reason === null)).toEqual([true, false, false, false, false])
    })
  })
})
