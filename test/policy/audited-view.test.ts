import { describe, expect, test } from 'vitest'
import { compile } from '../../src/engine.ts'
import { aPolicy } from '../support/policy-documents.ts'
import { aMaskPolicy } from '../support/ranger-admin.ts'

const download = (policies: readonly object[], more: object = {}) => ({
  serviceName: 'cl1',
  policyVersion: 1,
  policies,
  ...more,
})
const auditedOf = (documents: readonly unknown[], topic = 'raw.people') =>
  compile(documents)
    .plan?.forTopic(topic, { compacted: false })
    ?.views.map(({ audited }) => audited)
const mask = aMaskPolicy('emails', 'raw.people', 'MASK_NULL')
const filter = {
  ...aMaskPolicy('rows', 'raw.people'),
  id: 12,
  version: 5,
  policyType: 2,
  resources: { topic: { values: ['raw.people'] } },
  dataMaskPolicyItems: [],
  rowFilterPolicyItems: [
    {
      groups: ['public'],
      accesses: [{ type: 'consume', isAllowed: true }],
      rowFilterInfo: { filterExpr: "country = 'IN'" },
    },
  ],
}
const ofMask = {
  service: 'cl1',
  serviceDefId: expect.any(Number),
  policyId: 11,
  policyVersion: 3,
  access: 'MASK_NULL',
  field: 'email',
  reason: null,
  zone: null,
  tags: [],
}

describe('what audit events say of a view', () => {
  test('policies of Ranger with service, number, version and the mask type by its own name', () => {
    const ofFilter = { policyId: 12, policyVersion: 5, access: 'ROW_FILTER', field: null, reason: "country = 'IN'" }
    expect(auditedOf([download([mask, filter])])).toEqual([
      { user: 'public', rules: [ofMask, { ...ofMask, ...ofFilter }] },
    ])
  })

  test.each([
    ['audit-default', true, 1],
    ['audit-default', false, 0],
    ['audit-all', false, 1],
    ['audit-none', true, 0],
  ])('mode %s, policy %s', (auditMode, isAuditEnabled, count) => {
    const views = auditedOf([download([{ ...mask, isAuditEnabled }], { auditMode })])
    expect(views?.[0]?.rules).toHaveLength(count)
  })

  test('the user of the view, and policies without a number', () => {
    const view = { name: 'fraud', outputTopic: '${topic}.fraud', user: 'asha' }
    expect(auditedOf([aPolicy('people'), view])).toMatchObject([
      {
        user: 'asha',
        rules: [
          {
            service: 'scrim',
            policyId: -1,
            access: 'full',
            field: 'email',
            reason: 'people maskingPolicy.maskingConditions[0]',
          },
        ],
      },
    ])
  })

  test('what is in clear is none of it', () => {
    expect(auditedOf([aPolicy('people', 'none')])).toMatchObject([{ rules: [] }])
  })
})
