import { createRandom } from '../test/support/random.ts'

/** Events of a narrow table with a JSON column of about a kilobyte, of which two values are masked by one rule. */

export const topic = 'citizen-cdc.profiles'

export const policies = [
  {
    name: 'json column',
    resources: { topic },
    maskingPolicy: {
      maskingConditions: [
        { field: 'id', maskType: 'none' },
        { field: 'profile', maskType: 'none' },
        { field: 'profile.phones.number', maskType: 'partial', unmaskCharCount: 4 },
      ],
    },
  },
  {
    name: 'schema of the json column',
    tableSchema: {
      topic,
      columns: [
        { name: 'id', type: 'int64' },
        { name: 'profile', type: 'string', logical: 'io.debezium.data.Json', optional: true },
      ],
    },
  },
]

export function makeValues(count: number): Buffer[] {
  const random = createRandom(7)
  const digits = (): string => String(1_000_000_000 + random.below(8_999_999_999))
  return Array.from({ length: count }, (_, id) => {
    const profile = {
      name: 'Asha Sharma',
      address: { line1: `${random.below(500)} MI Road`, line2: 'Near "Ajmeri" gate', city: 'Jaipur', pin: 302001 },
      phones: [
        { kind: 'home', number: digits() },
        { kind: 'work', number: digits() },
      ],
      tags: ['a', 'b', 'आशा'],
      scores: Array.from({ length: 12 }, () => random.below(1000) / 10),
      notes: 'Some longer text, "quoted" in part, of about a hundred characters or so, as notes are here and there.',
      history: Array.from({ length: 8 }, (_, n) => ({
        at: `2026-01-0${n + 1}`,
        by: `clerk${random.below(90)}`,
        ok: true,
      })),
    }
    const after = { id, profile: JSON.stringify(profile) }
    return Buffer.from(JSON.stringify({ before: null, after, source: { lsn: id }, op: 'c', ts_ms: 1_795_174_464_151 }))
  })
}

/** The same by hand: the document inside the document is parsed and printed too. */
export function parseMaskStringify(value: Buffer): Buffer {
  const event = JSON.parse(value.toString()) as { readonly after: { profile: string } }
  const profile = JSON.parse(event.after.profile) as { readonly phones: { number: string }[] }
  for (const phone of profile.phones) phone.number = '*'.repeat(phone.number.length - 4) + phone.number.slice(-4)
  event.after.profile = JSON.stringify(profile)
  return Buffer.from(JSON.stringify(event))
}
