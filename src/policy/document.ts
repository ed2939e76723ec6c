import Type, { type Static } from 'typebox'
import { policyTests } from './policy-tests.ts'
import type { RangerDocument } from './ranger-document.ts'

/**
 * The shapes of documents that are read, told apart by their members. This file is the manual: each member says what it
 * means. A file holds one document or an array of them.
 */

const text = (description: string, maxLength = 1000) => Type.String({ minLength: 1, maxLength, description })
const texts = (description: string) =>
  Type.Union([text(description), Type.Array(text(description), { minItems: 1, maxItems: 1000 })], { description })

const names = (description: string) => Type.Array(text(description, 250), { maxItems: 1000, description })

/** One entry of a masking policy. Parameters of the mask type stand beside `field` and `maskType`. */
export const maskingCondition = Type.Object(
  {
    field: text(
      'A column: `after.email`, `email` or the JSONPath $.after.email. It covers before, key and headers too. `after.*` stands for every column that nothing names. Or what is inside a column, JSON or native: `address.city`, `contacts.*.phone`, `$.profile.phones[?@.kind == "home"].number`, `$..phone`.',
    ),
    selectorDialect: Type.Optional(
      Type.Union([Type.Literal('rfc9535'), Type.Literal('jsonpath-plus')], {
        default: 'rfc9535',
        description:
          "How a `field` that begins with $ is read; `jsonpath-plus` for expressions of that library's own dialect.",
      }),
    ),
    maskType: text('A name from GET /v1/mask-types.', 100),
  },
  { additionalProperties: true },
)

const dialect = Type.Optional(
  Type.Union([Type.Literal('scrim'), Type.Literal('hive'), Type.Literal('trino')], {
    default: 'scrim',
    description: 'How the expression is read: quotes, escapes, case of names.',
  }),
)

const rowFilter = Type.Object(
  {
    filterExpr: text('Rows go out for which this is true. It reads values as they came, before any mask.', 10_000),
    dialect,
    undecidedDelete: Type.Optional(
      Type.Union([Type.Literal('delete'), Type.Literal('drop')], {
        default: 'delete',
        description:
          'A delete of which replica identity leaves too little to judge: goes out without its row, or not at all - then a row that was visible stays in the target.',
      }),
    ),
    replicaIdentity: Type.Optional(
      Type.Literal('full', {
        description: '`before` is always whole. Left out: what the source may have made up in it is not believed.',
      }),
    ),
  },
  { additionalProperties: false },
)

const projection = Type.Object(
  {
    keep: Type.Optional(
      Type.Array(text('Column.', 250), { maxItems: 10_000, description: 'Only these go out. It makes none known.' }),
    ),
    drop: Type.Optional(Type.Array(text('Column.', 250), { maxItems: 10_000, description: 'These do not go out.' })),
    rename: Type.Optional(Type.Record(Type.String(), text('The new name.', 250))),
    columns: Type.Optional(
      Type.Union([
        Type.Array(text('`round(score, 1) as score`.', 10_000), { maxItems: 1_000 }),
        Type.Record(
          Type.String(),
          Type.Union([
            text('Expression over the columns as they came.', 10_000),
            Type.Object(
              {
                valueExpr: text('The same.', 10_000),
                dialect,
                readsRaw: Type.Optional(
                  Type.Boolean({ default: false, description: 'It may read columns that other rules hide.' }),
                ),
              },
              { additionalProperties: false },
            ),
          ]),
          { description: 'New columns, or new values of columns, by the name that goes out.' },
        ),
      ]),
    ),
  },
  { additionalProperties: false },
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
    users: Type.Optional(names('For views of these users only.')),
    groups: Type.Optional(
      names('For views of these groups only. Without users, groups and roles: for every view, as with `public`.'),
    ),
    roles: Type.Optional(names('For views of these roles only.')),
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
        rowFilter: Type.Optional(rowFilter),
        projection: Type.Optional(projection),
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

/** One masked output of raw topics, and for whom it is made. Without any such document there is one: `public`. */
export const viewDocument = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 100,
      pattern: '^[a-zA-Z0-9._-]+$',
      description: 'Unique; audit rows and dead letters name the view by it.',
    }),
    description: Type.Optional(Type.String({ maxLength: 10_000 })),
    outputTopic: text('Name of the masked topic; `${topic}` stands for the raw one.', 300),
    topics: Type.Optional(
      Type.Array(text('A raw topic; `*` and `?` are wildcards.'), {
        minItems: 1,
        maxItems: 1000,
        description: 'The raw topics that the view is made of. Left out: all that policies for its readers name.',
      }),
    ),
    user: Type.Optional(text('Who reads it, where that is one user.', 250)),
    groups: Type.Optional(names('The groups of its readers; every view is in `public`.')),
    roles: Type.Optional(names('The roles of its readers.')),
    attributes: Type.Optional(
      Type.Record(Type.String({ maxLength: 250 }), Type.Union([Type.String(), Type.Array(Type.String())]), {
        description: 'What else policies ask of a reader: `${{USER.dept}}`.',
      }),
    ),
  },
  { additionalProperties: false },
)
export type ViewDocument = Static<typeof viewDocument>

export type PolicyDocument = MaskingPolicyDocument | TableSchemaDocument | ViewDocument | RangerDocument

export const isTableSchema = (document: PolicyDocument): document is TableSchemaDocument => 'tableSchema' in document
export const isRanger = (document: PolicyDocument): document is RangerDocument => 'ranger' in document
export const isView = (document: PolicyDocument): document is ViewDocument => 'outputTopic' in document
export const isMaskingPolicy = (document: PolicyDocument): document is MaskingPolicyDocument =>
  'maskingPolicy' in document
