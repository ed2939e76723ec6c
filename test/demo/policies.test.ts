import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { sqlFile } from '../../compose/demo/databases.ts'
import { tables } from '../../compose/demo/expected.ts'
import { compile } from '../../src/engine.ts'
import type { MaskingPolicyDocument } from '../../src/policy/document.ts'

const folder = new URL('../../policies/', import.meta.url)
const files = readdirSync(folder).filter(name => name.endsWith('.json'))
const read = (name: string) =>
  JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as MaskingPolicyDocument | MaskingPolicyDocument[]
const documents = files.flatMap(read)

/** Section 5.2 of the strategy, word for word. */
const ofTheStrategy = {
  'mask-aadhaar-in-cdc.json': `{
  "name": "mask-aadhaar-in-cdc",
  "service": "kafka",
  "resources": {
    "topic": "warehouse-to-citizen-cdc.golden_records"
  },
  "maskingPolicy": {
    "accessTypes": ["consume"],
    "maskingConditions": [
      {
        "field": "after.jan_aadhaar",
        "maskType": "partial",
        "maskCharCount": 8,
        "unmaskCharCount": 4,
        "maskChar": "*",
        "unmaskCharPosition": "right"
      },
      {
        "field": "after.aadhaar_number",
        "maskType": "partial",
        "maskCharCount": 8,
        "unmaskCharCount": 4,
        "maskChar": "*",
        "unmaskCharPosition": "right"
      }
    ]
  }
}
`,
  'mask-income-in-cdc.json': `{
  "name": "mask-income-in-cdc",
  "service": "kafka",
  "resources": {
    "topic": "warehouse-to-citizen-cdc.profile_360"
  },
  "maskingPolicy": {
    "accessTypes": ["consume"],
    "maskingConditions": [
      {
        "field": "after.inferred_income_band",
        "maskType": "full",
        "maskValue": "CONFIDENTIAL"
      }
    ]
  }
}
`,
}

test.each(Object.entries(ofTheStrategy))('%s is the policy of the strategy, letter by letter', (name, text) => {
  expect(readFileSync(new URL(name, folder), 'utf8')).toBe(text)
})

test('the policies compile without a remark', () => {
  const { plan, problems } = compile(documents)
  expect(problems).toEqual([])
  expect(plan).not.toBeNull()
})

test.each(tables())(
  '$name: policies, expectation and table name the same columns',
  ({ name, source, rawTopic, columns }) => {
    const [, body = ''] =
      new RegExp(`create table ${source.replace('.', '\\.')} \\(([^;]*)\\);`).exec(sqlFile('warehouse')) ?? []
    const inTable = body.split('\n').flatMap(line => /^ {2}(?!primary key)(\w+) /.exec(line)?.[1] ?? [])
    const inPolicies = documents
      .filter(({ resources }) => resources.topic === rawTopic)
      .flatMap(({ maskingPolicy }) => maskingPolicy.maskingConditions.map(({ field }) => field.replace('after.', '')))
    expect(inTable.length, name).toBeGreaterThan(8)
    expect(inPolicies.toSorted()).toEqual(inTable.toSorted())
    expect(Object.keys(columns)).toEqual(inTable)
  },
)
