import Type, { type Static } from 'typebox'
import { policyTests } from './policy-tests.ts'

/**
 * The shapes of documents that are read, told apart by their members. This file is the manual: each member says what it
 * means. A file holds one document or an array of them.
 */

const text = (description: string, maxLength = 1000) => Type.String({ minLength: 1, maxLength, description })
const texts = (description: string) =>
  Type.Union([text(description), Type.Array(text(description), { minItems: 1, maxItems: 1000 })], { description })

/** One entry of a masking policy. Parameters of the mask type stand beside `field` and `maskType`. */
export const maskingCondition = Type.Object(
  {
    field: text(
      'A column: `after.email`, `email` or the JSONPath $.after.email. It covers before, key and headers too. `after.*` stands for every column that nothing names.',
    ),
    maskType: text('A name from GET /v1/mask-types.', 100),
  },
  { additionalProperties: true },
)

export const maskingPolicyDocument = Type.Object(
  {
    name: text('Unique; the policy is addressed by it.', 250),
    description: Type.Optional(Type.String({ maxLength: 10_000 })),
    isEnabled: Type.Optional(
      Type.Boolean({ default: true, description: 'A disabled policy is stored but not applied.' }),
    ),
    policyPriority: Type.Optional(
      Type.Union([Type.Literal(0), Type.Literal(1)], {
        default: 0,
        description: '1 goes before all policies of priority 0.',
      }),
    ),
    service: Type.Optional(text('Read and kept; Scrim serves one service.')),
    tests: Type.Optional(policyTests),
    resources: Type.Object({ topic: texts('Raw topics; `*` and `?` are wildcards.') }, { additionalProperties: false }),
    maskingPolicy: Type.Object(
      {
        accessTypes: Type.Optional(
          Type.Array(Type.String({ maxLength: 100 }), {
            maxItems: 100,
            description: 'Read and kept; a masked topic is consumed.',
          }),
        ),
        maskingConditions: Type.Array(maskingCondition, { maxItems: 10_000 }),
        unknownColumns: Type.Optional(
          Type.Union([Type.Literal('hold'), Type.Literal('quarantine'), Type.Literal('drop'), Type.Literal('null')], {
            default: 'hold',
            description:
              'What a column that nothing names does: hold the partition, park its records and all later ones of their keys until they are released, be left out, or become null.',
          }),
        ),
        toast: Type.Optional(
          Type.Union([Type.Literal('omit'), Type.Literal('keep'), Type.Literal('reject')], {
            description:
              'What an unchanged TOAST value does: left out of the record, passed as the placeholder, or hold. Left out: omit where the column is optional and the topic not compacted, else hold.',
          }),
        ),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
)
export type MaskingPolicyDocument = Static<typeof maskingPolicyDocument>
export type MaskingCondition = Static<typeof maskingCondition>

/** The columns of a table: types for records without a schema block, and columns that were looked at and may pass. */
export const tableSchemaDocument = Type.Object(
  {
    name: text('Unique; `schema:` and the topic is a good choice.', 250),
    description: Type.Optional(Type.String({ maxLength: 10_000 })),
    tableSchema: Type.Object(
      {
        topic: text('The raw topic, literally.'),
        columns: Type.Array(
          Type.Object(
            {
              name: text('Column name as in the record.'),
              type: text(
                'Connect type: boolean int8 int16 int32 int64 float double bytes string array map struct.',
                20,
              ),
              logical: Type.Optional(text('Logical name, such as io.debezium.time.Date.')),
              optional: Type.Optional(Type.Boolean({ default: false })),
              parameters: Type.Optional(Type.Record(Type.String(), Type.String())),
            },
            { additionalProperties: false },
          ),
          { maxItems: 10_000 },
        ),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
)
export type TableSchemaDocument = Static<typeof tableSchemaDocument>

export type PolicyDocument = MaskingPolicyDocument | TableSchemaDocument

export const isTableSchema = (document: PolicyDocument): document is TableSchemaDocument => 'tableSchema' in document
