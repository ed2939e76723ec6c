import type { Problem } from '../../errors.ts'
import { type Findings, type Members, membersOf, textMap } from './members.ts'
import type { PolicyType } from './policy.ts'
import type { Read } from './read-policy.ts'

/** What a service knows: its resources, access types, mask types, conditions. Nothing of it is hard-coded. */
export interface ServiceDef {
  readonly name: string
  readonly id: number | null
  readonly resources: readonly ResourceDef[]
  readonly accessTypes: readonly AccessTypeDef[]
  /** `_read` and its like: they stand for every access type of a category, `_all` for every one. */
  readonly markerTypes: readonly AccessTypeDef[]
  readonly conditions: ReadonlyMap<string, ConditionDef>
  readonly enrichers: readonly { readonly enricher: string; readonly options: ReadonlyMap<string, string> }[]
  /** Null: no mask policies are possible. Its resources are complete, as normalised from the base ones. */
  readonly dataMask: DataMaskDef | null
  readonly rowFilter: RowFilterDef | null
  readonly enableDenyAndExceptions: boolean
}

export interface ResourceDef {
  readonly name: string
  readonly level: number
  readonly parent: string
  /** The simple name of the matcher's class. */
  readonly matcher: string
  readonly matcherOptions: ReadonlyMap<string, string>
  readonly recursiveSupported: boolean
  readonly excludesSupported: boolean
  readonly isValidLeaf: boolean | null
  readonly accessTypeRestrictions: readonly string[]
}

export interface AccessTypeDef {
  readonly name: string
  readonly impliedGrants: readonly string[]
  /** CREATE, READ, UPDATE, DELETE, MANAGE. */
  readonly category: string | null
}

export interface ConditionDef {
  readonly name: string
  /** The simple name of the evaluator's class. */
  readonly evaluator: string
  readonly options: ReadonlyMap<string, string>
}

export interface MaskTypeDef {
  readonly name: string
  readonly itemId: number | null
  readonly transformer: string | null
}

export interface DataMaskDef {
  readonly maskTypes: ReadonlyMap<string, MaskTypeDef>
  readonly accessTypes: readonly string[]
  readonly resources: readonly ResourceDef[]
}

export interface RowFilterDef {
  readonly accessTypes: readonly string[]
  readonly resources: readonly ResourceDef[]
}

export function readServiceDef(json: unknown): Read<ServiceDef | null> {
  const problems: Problem[] = []
  return { value: serviceDefOf(json, { problems, policy: 'service-def' }), problems }
}

export function serviceDefOf(json: unknown, findings: Findings): ServiceDef | null {
  const members = membersOf(json, findings, 'serviceDef')
  if (members === null) return null
  const resources = members.objects('resources').map(resourceDefOf)
  const accessTypes = members.objects('accessTypes').map(accessTypeOf)
  const dataMask = members.object('dataMaskDef')
  const rowFilter = members.object('rowFilterDef')
  return {
    name: members.text('name') ?? '',
    id: members.whole('id'),
    resources,
    accessTypes: accessTypes.filter(({ name }) => !markers.includes(name)),
    markerTypes: markerTypesOf(accessTypes, members.objects('markerAccessTypes').map(accessTypeOf)),
    conditions: new Map(members.objects('policyConditions').map(conditionOf)),
    enrichers: members.objects('contextEnrichers').map(enricher => ({
      enricher: simpleName(enricher.text('enricher')),
      options: textMap(enricher, 'enricherOptions'),
    })),
    // Ranger's service-defs without the feature have the object, empty.
    dataMask:
      dataMask === null || dataMask.objects('maskTypes').length === 0
        ? null
        : {
            maskTypes: new Map(dataMask.objects('maskTypes').map(maskTypeOf)),
            accessTypes: accessNames(dataMask),
            resources: merged(resources, dataMask),
          },
    rowFilter:
      rowFilter === null || rowFilter.objects('resources').length === 0
        ? null
        : { accessTypes: accessNames(rowFilter), resources: merged(resources, rowFilter) },
    enableDenyAndExceptions: members.object('options')?.flag('enableDenyAndExceptionsInPolicies', true) ?? true,
  }
}

/** The resources that policies of a type may name. */
export function resourcesFor(serviceDef: ServiceDef, policyType: PolicyType): readonly ResourceDef[] {
  if (policyType === 0) return serviceDef.resources
  return (policyType === 1 ? serviceDef.dataMask : serviceDef.rowFilter)?.resources ?? []
}

/** Class names are told by their last part: packages differ between releases. */
export const simpleName = (className: string | null): string => className?.split('.').at(-1) ?? ''

function resourceDefOf(members: Members): ResourceDef {
  return {
    name: members.text('name') ?? '',
    level: members.whole('level') ?? 0,
    parent: members.text('parent') ?? '',
    matcher: simpleName(members.text('matcher')),
    matcherOptions: textMap(members, 'matcherOptions'),
    recursiveSupported: members.flag('recursiveSupported', false),
    excludesSupported: members.flag('excludesSupported', false),
    isValidLeaf: members.has('isValidLeaf') ? members.flag('isValidLeaf', false) : null,
    accessTypeRestrictions: members.texts('accessTypeRestrictions'),
  }
}

const accessTypeOf = (members: Members): AccessTypeDef => ({
  name: (members.text('name') ?? '').toLowerCase(),
  impliedGrants: members.texts('impliedGrants').map(name => name.toLowerCase()),
  category: members.text('category'),
})

const accessNames = (members: Members): readonly string[] =>
  members.objects('accessTypes').map(accessType => accessTypeOf(accessType).name)

const conditionOf = (members: Members): readonly [string, ConditionDef] => {
  const name = members.text('name') ?? ''
  return [
    name,
    { name, evaluator: simpleName(members.text('evaluator')), options: textMap(members, 'evaluatorOptions') },
  ]
}

const maskTypeOf = (members: Members): readonly [string, MaskTypeDef] => {
  const name = members.text('name') ?? ''
  return [name, { name, itemId: members.whole('itemId'), transformer: members.text('transformer') }]
}

/** Resources of a mask or filter section name base ones and override parts of them; matcher options key by key. */
function merged(base: readonly ResourceDef[], section: Members): readonly ResourceDef[] {
  return section.objects('resources').map(members => {
    const override = resourceDefOf(members)
    const known = base.find(({ name }) => name === override.name)
    if (known === undefined) return override
    return {
      ...known,
      matcher: override.matcher === '' ? known.matcher : override.matcher,
      matcherOptions: new Map([...known.matcherOptions, ...override.matcherOptions]),
      recursiveSupported: members.has('recursiveSupported') ? override.recursiveSupported : known.recursiveSupported,
      excludesSupported: members.has('excludesSupported') ? override.excludesSupported : known.excludesSupported,
      isValidLeaf: override.isValidLeaf,
      accessTypeRestrictions:
        override.accessTypeRestrictions.length > 0 ? override.accessTypeRestrictions : known.accessTypeRestrictions,
    }
  })
}

const markerOf: Readonly<Record<string, string>> = {
  CREATE: '_create',
  READ: '_read',
  UPDATE: '_update',
  DELETE: '_delete',
  MANAGE: '_manage',
}

const markers: readonly string[] = [...Object.values(markerOf), '_all']

/** A service-def that declares its markers is taken at its word; for others they follow from the categories. */
function markerTypesOf(types: readonly AccessTypeDef[], declared: readonly AccessTypeDef[]): readonly AccessTypeDef[] {
  const plain = types.filter(({ name }) => !markers.includes(name))
  const made = markers.map(marker => {
    const meant = plain.filter(({ category }) => marker === '_all' || markerOf[category ?? ''] === marker)
    const grants = new Set(meant.flatMap(({ name, impliedGrants }) => [name, ...impliedGrants]))
    return { name: marker, impliedGrants: [...grants], category: null }
  })
  return [...declared, ...made.filter(({ name }) => !declared.some(marker => marker.name === name))]
}
