import { createHmac } from 'node:crypto'
import { type Problem, ScrimError } from '../errors.ts'
import { Unreadable } from '../pipeline/decode/scanner.ts'
import type { KeyRing, Plan, ViewPlan } from '../pipeline/plan.ts'
import type { KnownSchema } from '../pipeline/project/schema-cache.ts'
import { compileSchema, type SchemaPlan } from '../pipeline/project/schema-plan.ts'
import type { PolicyDocument } from '../policy/document.ts'
import { currentMask, keyForm, keyIdsOf } from '../policy/key-form.ts'
import type { PublishedKey, PublishedKeyStore, SchemaStore } from './ports/policies.ts'

/**
 * How key columns have been published. To a sink another mask, another parameter or another key makes other rows: each
 * row would be there twice, and deletes would miss. So what was first published to a masked topic stays, until somebody
 * says that the topic and what was loaded from it are empty.
 *
 * Keys without a schema block are not watched: nothing tells their columns, and the stock sink loads nothing from them.
 */
export interface PublishedKeys {
  /** Stores how the plan has published key columns so far. Off the stream: what a crash loses is met again by the next record. */
  readonly remember: (plan: Plan) => Promise<void>
  /**
   * At a start: what earlier releases published of topics of which nothing was ever stored is taken to have gone out as
   * this plan, the stored one, makes it of the key last seen. Else the next record would settle it, after any change. A
   * topic that was held ever since counts too: whether it was cannot be told any more.
   */
  readonly assume: (plan: Plan) => Promise<void>
  /**
   * The key columns that the candidate would publish otherwise. What the plan in force has published up to now counts. One
   * that goes out just so under the plan in force is a warning: it is no reason to refuse a change of something else.
   */
  readonly check: (candidate: Plan, inForce: Plan | null) => Promise<readonly Problem[]>
  /** The key columns that a masked topic is known to have gone out with. */
  readonly columns: (maskedTopic: string) => Promise<readonly string[]>
  /** Lets a masked topic begin anew, in another form than up to now; the columns that were forgotten. */
  readonly forget: (
    maskedTopic: string,
    by: { readonly author: string; readonly reason: string },
  ) => Promise<readonly string[]>
}

export interface PublishedKeysOptions {
  readonly store: PublishedKeyStore
  /** Left out: nothing is known of what was published before. */
  readonly seen?: Pick<SchemaStore, 'all'>
}

export function createPublishedKeys({ store, seen }: PublishedKeysOptions): PublishedKeys {
  const stored = new WeakSet<KnownSchema>()

  async function learn({ columns, problems }: SchemaPlan, view: ViewPlan): Promise<void> {
    if (problems.length > 0) return
    const { topic, maskedTopic } = view
    const keys = columns.flatMap(({ name: column }) => {
      const form = formOf(column, view)
      return form !== null && isStorable(column) ? [{ topic, maskedTopic, column, ...form }] : []
    })
    if (keys.length > 0) await store.remember(keys)
  }

  async function remember(plan: Plan): Promise<void> {
    for (const view of plan.made().flatMap(({ views }) => views)) {
      if (!hasPublished(view)) continue
      for (const schema of view.keySchemas.all()) {
        if (stored.has(schema)) continue
        await learn(schema.plan, view)
        stored.add(schema)
      }
    }
  }

  async function assume(plan: Plan): Promise<void> {
    const known = new Set(await store.topics())
    for (const { topic, part, bytes } of (await seen?.all()) ?? []) {
      // Of a topic that is known another masked topic or view is one that begins.
      if (part !== 'key' || known.has(topic)) continue
      for (const view of plan.forTopic(topic, { compacted: false })?.views ?? []) {
        const schema = readKey(bytes, view)
        if (schema !== null) await learn(schema, view)
      }
    }
  }

  return {
    remember,
    assume,
    check: async (candidate, inForce) => {
      if (inForce !== null) await remember(inForce)
      const known = await store.all()
      const changesIn = (plan: Plan): Problem[] => known.flatMap(key => changeOf(key, plan))
      const already = new Set(inForce === null ? [] : changesIn(inForce).map(placeAndForm))
      return changesIn(candidate).map(found =>
        already.has(placeAndForm(found)) ? { ...found, severity: 'warning' } : found,
      )
    },
    columns: async topic =>
      (await store.all()).filter(({ maskedTopic }) => maskedTopic === topic).map(({ column }) => column),
    forget: async (maskedTopic, by) => {
      const columns = await store.forget(maskedTopic, by)
      if (columns.length === 0) throw new ScrimError('REQUEST_NOT_FOUND', { path: 'topic' })
      return columns
    },
  }
}

/** Null where the stored block cannot be read: another check tells that. */
function readKey(bytes: Buffer, { topic, rules, keys }: ViewPlan): SchemaPlan | null {
  try {
    return compileSchema(bytes, { topic, part: 'key', rules, keys })
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return null
  }
}

/** A topic that was held from its first record on has published nothing, so its key may still be decided upon. */
const hasPublished = ({ valueSchemas, schemaless }: ViewPlan): boolean =>
  schemaless.isMet ||
  valueSchemas.all().some(({ plan }) => (plan.shape === 'event' || plan.shape === 'row') && plan.problems.length === 0)

/** No database has columns of other names. */
const isStorable = (column: string): boolean =>
  column.length <= 500 && column.isWellFormed() && !column.includes('\u0000')

const placeAndForm = ({ where, detail }: Problem): string => JSON.stringify([where, detail])

type Form = Pick<PublishedKey, 'mask' | 'keyId' | 'keyCheck'>

function formOf(column: string, { rules, keys }: ViewPlan): Form | null {
  const form = keyForm(column, rules)
  return form === null ? null : { ...form, keyCheck: form.keyId === null ? null : keyCheck(keys, form.keyId) }
}

function changeOf(stored: PublishedKey, candidate: Plan): Problem[] {
  const { topic, maskedTopic, column } = stored
  const was = { ...stored, mask: currentMask(stored.mask) }
  const views = candidate.forTopic(topic, { compacted: false })?.views ?? []
  return views.flatMap(view => {
    const now = view.maskedTopic === maskedTopic ? formOf(column, view) : null
    // The same key under another id makes the same values.
    if (now === null || (now.mask === was.mask && now.keyCheck === was.keyCheck)) return []
    const detail =
      textOf(now) === textOf(was)
        ? `${maskedTopic} has it as ${textOf(was)}, and the key under this id is another now`
        : `${maskedTopic} has it as ${textOf(was)}, this would make it ${textOf(now)}`
    const where = { topic, view: view.view, path: `key.${column}` }
    return [{ code: 'POLICY_KEY_CHANGED', severity: 'error', where, detail }]
  })
}

const textOf = ({ mask, keyId }: Form): string => (keyId === null ? mask : `${mask} with key id ${keyId}`)

/** Tells one key from another and nothing about either. */
function keyCheck(keys: KeyRing, id: string): string | null {
  const key = keys.get(id)
  return key === undefined ? null : createHmac('sha256', key).update('scrim key check').digest('hex').slice(0, 16)
}

/** The check values of the keys that these documents mask with, by id. */
export function keyChecks(documents: readonly PolicyDocument[], keys: KeyRing): Record<string, string | null> {
  return Object.fromEntries([...keyIdsOf(documents)].sort().map(id => [id, keyCheck(keys, id)]))
}
