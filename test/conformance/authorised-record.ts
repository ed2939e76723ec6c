import { compile, transform } from '../../src/engine.ts'
import type { MaskCase } from './mask-cases.ts'
import type { Json } from './nested-records.ts'

/** What a reader gets of a whole record, by policies of Ranger. */
export interface AuthorisedRecord {
  readonly hasAccess: boolean
  readonly json: Json
}

interface SuiteFile {
  readonly policies: {
    readonly policies: readonly { readonly resources?: { readonly schema?: { readonly values?: readonly string[] } } }[]
  }
  readonly serviceDefFilename?: string
  readonly roles?: object
}

const none: AuthorisedRecord = { hasAccess: false, json: null }

/**
 * Asks the whole engine: the suite's policies as a download, a view for the reader, the record as a row of the topic that the
 * resource names. What the plugin shows because nothing hides it, a masking policy names here, for the schemas that the
 * suite's policies name. Where the reader may not see a field the plugin denies the record, and Scrim takes the column
 * out; both are no access.
 */
export function authorisedRecord({ suite, user, userGroups, userRoles, schema, json }: MaskCase): AuthorisedRecord {
  const { policies, serviceDefFilename, roles } = suite as SuiteFile
  const topic = String(schema)
  const row = JSON.parse(String(json)) as { readonly [name: string]: Json }
  const serviceType = /servicedef-(\w+)\.json$/.exec(String(serviceDefFilename))?.[1]
  const download = {
    ...policies,
    policies: policies.policies.map(policy => ({ serviceType, ...policy })),
    serviceConfig: { 'scrim.mask.dialect': serviceType },
  }
  const named = policies.policies.flatMap(({ resources }) => resources?.schema?.values ?? [])
  const shown = {
    name: 'shown unless hidden',
    resources: { topic: [...new Set(named)] },
    maskingPolicy: { maskingConditions: Object.keys(row).map(field => ({ field, maskType: 'none' })) },
  }
  const reader = { user, groups: userGroups ?? [], roles: userRoles ?? [] }
  const views = { views: [{ name: 'reader', outputTopic: '${topic}.reader', ...reader }] }
  const given = roles !== undefined && 'rangerRoles' in roles ? [roles] : []
  const { plan, problems } = compile([download, ...given, shown, views])
  if (plan === null) throw new Error(`refused at load: ${problems[0]?.code}`)
  const [outcome] = transform([{ topic, value: Buffer.from(JSON.stringify(wrapped(row))).toString('base64') }], plan)
  const isUnknownTopic = outcome?.outcome === 'reject' && outcome.code === 'RECORD_TOPIC_WITHOUT_POLICY'
  if (outcome?.outcome === 'reject' && !isUnknownTopic) throw new Error(`rejected: ${outcome.code} ${outcome.where}`)
  if (outcome?.outcome !== 'publish' || outcome.record.value == null) return none
  const { payload } = JSON.parse(Buffer.from(outcome.record.value, 'base64').toString()) as ReturnType<typeof wrapped>
  const { after } = payload
  return Object.keys(row).every(name => name in after) ? { hasAccess: true, json: after } : none
}

/** As a converter with schemas would write the creation of the row. */
const wrapped = (row: { readonly [name: string]: Json }) => ({
  schema: {
    type: 'struct',
    name: 'customers.Envelope',
    optional: false,
    fields: [
      { ...schemaOf(row), field: 'before' },
      { ...schemaOf(row), field: 'after' },
      { type: 'struct', optional: false, fields: [], field: 'source' },
      { type: 'string', optional: false, field: 'op' },
    ],
  },
  payload: { before: null, after: row, source: {}, op: 'c' },
})

function schemaOf(value: Json): object {
  const optional = true
  if (Array.isArray(value)) return { type: 'array', items: schemaOf((value as readonly Json[])[0] ?? ''), optional }
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(([field, member]) => ({ ...schemaOf(member as Json), field }))
    return { type: 'struct', fields, optional }
  }
  if (typeof value === 'number') return { type: Number.isInteger(value) ? 'int64' : 'double', optional }
  return { type: typeof value === 'boolean' ? 'boolean' : 'string', optional }
}
