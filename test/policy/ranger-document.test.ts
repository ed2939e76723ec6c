import { describe, expect, test } from 'vitest'
import { readDocuments } from '../../src/policy/read-documents.ts'

const mask = {
  service: 'cl1_hive',
  name: 'mask ssn',
  policyType: 1,
  resources: { database: { values: ['hr'] }, table: { values: ['staff'] }, column: { values: ['ssn'] } },
  dataMaskPolicyItems: [],
}
const seed = {
  name: 'seed',
  service: 'kafka',
  resources: { topic: 'hr.staff' },
  maskingPolicy: { maskingConditions: [] },
}
const namesOf = (json: unknown) => readDocuments(json, 'file.json').documents.map(({ name }) => name)

describe('told apart by shape', () => {
  test.each<[why: string, json: object, names: string[]]>([
    ['a policy', mask, ['cl1_hive:mask ssn']],
    ['a policy of a zone', { ...mask, zoneName: 'finance' }, ['cl1_hive:finance:mask ssn']],
    ['an access policy without items', { service: 'k', name: 'a', policyType: 0, resources: {} }, ['k:a']],
    ['a policy without a service', { name: 'a', policyItems: [] }, ['a']],
    ['a download', { serviceName: 'cl1_hive', policyVersion: 4, policies: [mask] }, ['cl1_hive']],
    ['an export', { metaDataInfo: {}, policies: [mask, { ...mask, name: 'b' }] }, ['cl1_hive:mask ssn', 'cl1_hive:b']],
    ['a service definition', { name: 'hive', resources: [], accessTypes: [] }, ['service-def:hive']],
    ['tags', { op: 'replace', serviceName: 'cl1_hive', serviceResources: [] }, ['tags:cl1_hive']],
    ['roles', { serviceName: 'cl1_hive', rangerRoles: [] }, ['roles:cl1_hive']],
    ['users', { userStoreVersion: 1, userGroupMapping: {} }, ['users']],
    ['the shape of our own', seed, ['seed']],
  ])('%s', (_why, json, names) => {
    const { problems } = readDocuments(json, 'file.json')
    expect(problems).toEqual([])
    expect(namesOf(json)).toEqual(names)
  })

  test('several shapes in one file, kept as they came', () => {
    const { documents } = readDocuments([seed, mask, { policies: [{ ...mask, name: 'b' }] }], 'file.json')
    expect(documents).toEqual([
      seed,
      { name: 'cl1_hive:mask ssn', ranger: mask },
      { name: 'cl1_hive:b', ranger: { ...mask, name: 'b' } },
    ])
  })

  test('what was kept is read again as it stands', () => {
    const { documents } = readDocuments([mask], 'file.json')
    expect(readDocuments(documents, 'store').documents).toEqual(documents)
  })

  test('a policy of both shapes is refused', () => {
    const { documents, problems } = readDocuments({ ...seed, policyItems: [] }, 'file.json')
    expect(documents).toEqual([])
    expect(problems).toContainEqual(
      expect.objectContaining({ code: 'POLICY_SHAPE', where: { policy: 'seed', path: 'policyItems' } }),
    )
  })
})
