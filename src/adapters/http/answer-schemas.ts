import Type from 'typebox'
import { errorCatalogue } from '../../errors.ts'

/** The forms of answers, for /openapi.json. They describe; answers are not cut to fit them. */

export const placeSchema = Type.Object(
  {
    topic: Type.Optional(Type.String()),
    partition: Type.Optional(Type.Integer()),
    offset: Type.Optional(Type.String()),
    view: Type.Optional(Type.String()),
    path: Type.Optional(
      Type.String({ description: 'A path of names: after.email, maskingPolicy.maskingConditions[2].field.' }),
    ),
    policy: Type.Optional(Type.String({ description: 'The policy or file.' })),
  },
  { description: 'Where it is: names and numbers only, never a value.' },
)

const errorCode = Type.String({ enum: Object.keys(errorCatalogue) })

export const problemSchema = Type.Object({
  code: errorCode,
  severity: Type.Union([Type.Literal('error'), Type.Literal('warning')]),
  where: placeSchema,
  detail: Type.String(),
  hint: Type.String(),
})

export const errorSchema = Type.Object({
  code: errorCode,
  message: Type.String(),
  where: placeSchema,
  hint: Type.String(),
  requestId: Type.Optional(Type.String()),
  problems: Type.Optional(
    Type.Array(problemSchema, { description: 'All of them at once, where policies are refused.' }),
  ),
})

export const acceptedSchema = Type.Object({
  version: Type.Integer({ description: 'The version in force now.' }),
  isNew: Type.Boolean({ description: 'False where the set says what it said before.' }),
  warnings: Type.Array(problemSchema),
})

export const proposedSchema = Type.Object(
  {
    proposal: Type.String({ description: 'Its id.' }),
    state: Type.String({ enum: ['open', 'rejected', 'withdrawn'] }),
    baseVersion: Type.Integer({ description: 'The version that it changes; once that is not the latest it is stale.' }),
    warnings: Type.Array(problemSchema),
  },
  { description: 'Under SCRIM_POLICY_APPROVAL=two-person: it waits for a second person.' },
)

/** The answers that any call with a token may give; a call with an answer of its own form overrides 200. */
export const commonAnswers = {
  200: Type.Unknown({ description: 'As the summary says.' }),
  400: errorSchema,
  401: errorSchema,
  403: errorSchema,
  429: errorSchema,
  503: errorSchema,
}
