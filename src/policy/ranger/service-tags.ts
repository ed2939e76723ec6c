import type { Problem } from '../../errors.ts'
import { type Findings, isObject, type Members, membersOf } from './members.ts'
import type { PolicyResources, ValiditySchedule } from './policy.ts'
import type { MatchType } from './policy-matcher.ts'
import { type Read, readSchedules, resourcesOf, scheduleOf } from './read-policy.ts'
import type { Attributes } from './script/script-request.ts'
import { attributesOf } from './user-store.ts'

export interface Tag {
  readonly type: string
  readonly attributes: Attributes
  readonly validityPeriods: readonly ValiditySchedule[]
}

/** A tag that a request brings with it, and how the tagged resource lies to the one asked for. */
export interface RequestTag extends Tag {
  readonly matchType: MatchType
}

/** Which resources bear which tags. */
export interface ServiceTags {
  readonly version: number | null
  readonly resources: readonly { readonly resources: PolicyResources; readonly tags: readonly Tag[] }[]
}

export function readServiceTags(json: unknown): Read<ServiceTags | null> {
  const problems: Problem[] = []
  const findings = { problems, policy: 'service-tags' }
  const members = membersOf(json, findings)
  if (members === null) return { value: null, problems }
  if (members.flag('isDelta', false)) {
    members.problem('POLICY_SHAPE', 'a whole set of tags is expected, not a delta', 'isDelta')
    return { value: null, problems }
  }
  const tags = new Map(
    members.entries('tags').flatMap(([id, tag]): (readonly [string, Tag])[] => {
      const read = membersOf(tag, findings, `tags.${id}`)
      return read === null ? [] : [[id, tagOf(read, findings)]]
    }),
  )
  const tagIds = new Map(members.entries('resourceToTagIds'))
  const value = {
    version: members.whole('tagVersion'),
    resources: members.objects('serviceResources').map(resource => {
      const ids = tagIds.get(String(resource.whole('id')))
      return {
        resources: resourcesOf(resource.raw('resourceElements'), findings, `${resource.path}.resourceElements`),
        tags: (Array.isArray(ids) ? ids : []).flatMap(id => tags.get(String(id)) ?? []),
      }
    }),
  }
  return { value, problems }
}

/** A list of tags as plugins hand them over with a request. */
export function readRequestTags(json: unknown): Read<readonly RequestTag[]> {
  const problems: Problem[] = []
  const findings = { problems, policy: 'request' }
  const list: readonly unknown[] = Array.isArray(json) ? json : []
  const value = list.flatMap((entry, at) => {
    const members = membersOf(entry, findings, `TAGS[${at}]`)
    if (members === null) return []
    const matchType = matchTypes.find(one => one === members.text('matchType')) ?? 'SELF'
    return [{ ...tagOf(members, findings), matchType }]
  })
  return { value, problems }
}

const matchTypes: readonly MatchType[] = ['SELF', 'SELF_AND_ALL_DESCENDANTS', 'ANCESTOR', 'DESCENDANT', 'NONE']

function tagOf(members: Members, findings: Findings): Tag {
  const options = members.raw('options')
  const inOptions = isObject(options) ? options.TAG_VALIDITY_PERIODS : undefined
  return {
    type: members.text('type') ?? '',
    attributes: attributesOf(members.raw('attributes')),
    validityPeriods: [
      ...members.objects('validityPeriods').map(scheduleOf),
      ...(typeof inOptions === 'string' ? readSchedules(inOptions, findings, `${members.path}.options`) : []),
    ],
  }
}
