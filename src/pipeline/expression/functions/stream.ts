import { type Bound, constantOf, derived, refuse } from '../bound.ts'
import { text, textOf } from '../expression-type.ts'
import { type SourceMember, sourceMembers } from '../row.ts'
import type { Identity } from '../scope.ts'
import { codePoints } from '../text.ts'
import { daysOfMicros } from '../temporal.ts'
import { asText, type FunctionContext, type SqlFunction } from './sql-function.ts'

/** What depends on the record, the batch or the reader, and on no column. */

const ofBatch = (at: number, kind: 'timestamptz' | 'timestamp' | 'date'): Bound => ({
  at,
  type: { kind },
  nullable: false,
  constant: null,
  slot: null,
  list: [],
  evaluate: kind === 'date' ? row => daysOfMicros(row.now()) : row => row.now(),
})

const now: SqlFunction = {
  signature: '',
  summary: 'The time of the batch: the same for all its records.',
  least: 0,
  most: 0,
  bind: ({ at, dialect }) => ofBatch(at, dialect === 'hive' ? 'timestamp' : 'timestamptz'),
  examples: [],
}

function identityOf({ at, identity }: FunctionContext): Identity {
  return identity ?? refuse(at, 'no profile says for whom the view is made')
}

function listOf(at: number, list: readonly string[]): Bound {
  return { ...constantOf(at, { kind: 'list' }, list.length > 0), list }
}

function source({ at }: FunctionContext, [member]: readonly Bound[]): Bound {
  const name = member?.constant?.value
  if (typeof name !== 'string' || !Object.hasOwn(sourceMembers, name)) {
    return refuse(member?.at ?? at, `source() takes one of ${Object.keys(sourceMembers).join(', ')}`)
  }
  const known = name as SourceMember
  const type = sourceMembers[known] === 'text' ? text : ({ kind: 'integer' } as const)
  return { at, type, nullable: true, constant: null, slot: null, list: [], evaluate: row => row.source(known) }
}

/** Is the text one of a list that is known at load? */
function arrayContains({ at, dialect }: FunctionContext, [list, sought]: readonly [Bound, Bound]): Bound {
  if (list.type.kind !== 'list') return refuse(list.at, 'a list is needed: current_groups() or current_roles()')
  const known = new Set(list.list)
  const value = asText(sought, dialect)
  return derived(at, { kind: 'boolean' }, value.nullable, [value], row => {
    const found = value.evaluate(row)
    return found === null ? null : known.has(found as string)
  })
}

function attribute(context: FunctionContext, [name]: readonly Bound[]): Bound {
  const { attributes } = identityOf(context)
  const value = typeof name?.constant?.value === 'string' ? attributes.get(name.constant.value) : undefined
  if (value === undefined) return refuse(name?.at ?? context.at, 'the profile has no attribute of this name')
  return typeof value === 'string'
    ? constantOf(context.at, textOf(codePoints(value)), value)
    : listOf(context.at, value)
}

export const streamFunctions: Readonly<Record<string, SqlFunction>> = {
  now,
  current_timestamp: now,
  current_date: {
    signature: '',
    summary: 'The day of the batch at UTC.',
    least: 0,
    most: 0,
    bind: ({ at }) => ofBatch(at, 'date'),
    examples: [],
  },
  op: {
    signature: '',
    summary: "What was done to the row: 'c', 'u', 'd', 'r' (snapshot) or 't' (truncate); NULL where it is not told.",
    least: 0,
    most: 0,
    bind: ({ at }) => ({
      at,
      type: textOf(1),
      nullable: true,
      constant: null,
      slot: null,
      list: [],
      evaluate: row => row.op(),
    }),
    examples: [],
  },
  source: {
    signature: 'member',
    summary: `A member of Debezium's source block: ${Object.keys(sourceMembers).join(', ')}.`,
    least: 1,
    most: 1,
    bind: source,
    examples: [],
  },
  current_user: {
    signature: '',
    summary: 'The user of the profile for which the view is made.',
    least: 0,
    most: 0,
    bind: context => {
      const { user } = identityOf(context)
      if (user === null) return refuse(context.at, 'the profile has no user')
      return constantOf(context.at, textOf(codePoints(user)), user)
    },
    examples: [['current_user()', "'ravi'"]],
  },
  current_groups: {
    signature: '',
    summary: 'The groups of the profile, for IN and array_contains.',
    least: 0,
    most: 0,
    bind: context => listOf(context.at, identityOf(context).groups),
    examples: [["'analysts' in (current_groups())", 'true']],
  },
  current_roles: {
    signature: '',
    summary: 'The roles of the profile, for IN and array_contains.',
    least: 0,
    most: 0,
    bind: context => listOf(context.at, identityOf(context).roles),
    examples: [["'admin' in (current_roles())", 'false']],
  },
  current_attribute: {
    signature: 'name',
    summary: 'An attribute of the profile: a text or a list.',
    least: 1,
    most: 1,
    bind: attribute,
    examples: [["current_attribute('dept')", "'health'"]],
  },
  array_contains: {
    signature: 'list, text',
    summary: 'True where the text is in the list.',
    least: 2,
    most: 2,
    bind: (context, args) => arrayContains(context, args as readonly [Bound, Bound]),
    examples: [["array_contains(current_groups(), 'analysts')", 'true']],
  },
}
