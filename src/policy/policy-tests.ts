import Type, { type Static } from 'typebox'
import { connectKinds } from '../pipeline/schema.ts'

/**
 * Tests that a policy brings along: a row or a record, and what has to come of it. They run against the whole set, as
 * records would, before it comes in force; one that fails refuses the set.
 */

const singleKinds = connectKinds.filter(kind => kind !== 'array' && kind !== 'map' && kind !== 'struct')
const kind = Type.String({
  enum: singleKinds,
  description: 'Connect type; arrays, maps and structs are tested with `record`.',
})
const columnName = Type.String({ minLength: 1, maxLength: 250 })
const row = (description: string) => Type.Record(Type.String(), Type.Unknown(), { description, maxProperties: 1000 })
const part = (description: string) =>
  Type.Union([Type.Null(), Type.String({ maxLength: 100_000 }), row(description)], { description })

export const policyTest = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 250 })),
    topic: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 249,
        description: 'Left out: the first topic of the policy; `x` stands for a wildcard in it.',
      }),
    ),
    view: Type.Optional(
      Type.String({ minLength: 1, maxLength: 250, description: 'Left out: it holds for every view of the topic.' }),
    ),
    row: Type.Optional(row('A row: column and value. It comes as a change event with a schema block.')),
    op: Type.Optional(
      Type.Union([Type.Literal('create'), Type.Literal('read'), Type.Literal('update'), Type.Literal('delete')], {
        default: 'create',
        description: 'What was done to the row; of a delete `row` is what it was before.',
      }),
    ),
    before: Type.Optional(row('Of an update: the row before it.')),
    key: Type.Optional(
      Type.Array(columnName, { maxItems: 50, description: 'The key columns. Left out: the record has no key.' }),
    ),
    schema: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Union([
          kind,
          Type.Object(
            {
              type: kind,
              logical: Type.Optional(Type.String({ minLength: 1, maxLength: 250 })),
              optional: Type.Optional(Type.Boolean({ default: true })),
              parameters: Type.Optional(Type.Record(Type.String(), Type.String())),
            },
            { additionalProperties: false },
          ),
        ]),
        {
          maxProperties: 1000,
          description:
            'Types of columns. Left out: as the table schema of the set says, else by the value: text, int64, double, boolean; an object or a list is a JSON column.',
        },
      ),
    ),
    record: Type.Optional(
      Type.Object(
        {
          key: Type.Optional(part('The key, as an object or base64.')),
          value: Type.Optional(part('The value, as an object or base64.')),
          headers: Type.Optional(
            Type.Array(Type.Tuple([Type.String({ maxLength: 250 }), Type.Union([Type.String(), Type.Null()])]), {
              maxItems: 100,
              description: '[name, base64 or null].',
            }),
          ),
        },
        { additionalProperties: false, description: 'In place of `row`: the record as it lies in Kafka.' },
      ),
    ),
    expect: row(
      'What is published: the columns that are named have these values (`address.pin` looks into a JSON column). Or alone: {"dropped": true}, {"deleted": true}, {"rejected": "CODE"}; a column of that name in `row` is a column all the same.',
    ),
    absent: Type.Optional(
      Type.Array(columnName, { maxItems: 1000, description: 'Columns that are not in what is published.' }),
    ),
    exact: Type.Optional(
      Type.Boolean({ default: false, description: 'Nothing is published but the columns that `expect` names.' }),
    ),
  },
  { additionalProperties: false },
)
export type PolicyTest = Static<typeof policyTest>

export const MAX_TESTS_OF_POLICY = 100

/** The member `tests` of a policy. */
export const policyTests = Type.Array(policyTest, {
  maxItems: MAX_TESTS_OF_POLICY,
  description: 'Run before the set comes in force, and by `scrim check`; one that fails refuses it.',
})
