import { type CaseFile, list, object, text } from '../../conformance/cases.ts'
import type { Random } from '../random.ts'
import type { RandomService } from './random-service.ts'

type Json = Record<string, unknown>

/** Does it need no class that is not in Ranger's jar? */
export const isSelfContained = ({ json }: CaseFile): boolean => !JSON.stringify(json).includes('RangerSimpleMatcher')

/**
 * The policies of a file of Ranger's own suite with requests of ours, each made of those it has: another user, other
 * groups, another access, other names.
 */
export function askedAnew({ json }: CaseFile, random: Random, questions: number): RandomService {
  const file = structuredClone(json) as Json
  const { updatedPolicies: _updated, updatedTests: _tests, testsInfo, ...kept } = file
  const given = list(file.tests ?? object(testsInfo).tests).map(object)
  const withoutEnrichers = (serviceDef: unknown): Json => ({ ...object(serviceDef), contextEnrichers: [] })
  const requests = given.map(({ request }) => object(request))
  const users = [...requests.flatMap(({ user }) => text(user) ?? []), 'nobody']
  const groups = [...new Set(requests.flatMap(({ userGroups }) => list(userGroups)))]
  const accesses = list(object(file.serviceDef).accessTypes).flatMap(type => text(object(type).name) ?? [])
  const names = Map.groupBy(
    requests.flatMap(({ resource }) => Object.entries(object(object(resource).elements))),
    ([name]) => name,
  )
  const tests = Array.from({ length: questions }, (_, n): Json => {
    const base = random.pick(given)
    const request = object(base.request)
    const resource = object(request.resource)
    const elements = Object.fromEntries(
      Object.entries(object(resource.elements)).map(([name, value]) => [
        name,
        random.chance(0.5) ? value : random.pick(names.get(name) ?? [[name, value]])[1],
      ]),
    )
    const context = object(request.context)
    return {
      name: String(n),
      request: {
        ...request,
        resource: { ...resource, elements },
        user: random.pick(users),
        userGroups: groups.filter(() => random.chance(0.35)),
        accessType: random.chance(0.5) ? request.accessType : random.pick([...accesses, '']),
        // Some time: none of the files depends on the clock of the machine then.
        accessTime: request.accessTime ?? '20180615-10:03:00.000-0800',
        context: 'ALLACCESSTYPES' in context ? {} : context,
      },
      userAttributes: base.userAttributes,
      groupAttributes: base.groupAttributes,
    }
  })
  const tags = object(file.tagPolicyInfo)
  return {
    ...kept,
    ...('tagPolicyInfo' in file ? { tagPolicyInfo: { ...tags, serviceDef: withoutEnrichers(tags.serviceDef) } } : {}),
    serviceName: text(file.serviceName) ?? '',
    serviceDef: withoutEnrichers(file.serviceDef),
    policies: list(file.policies).map(policy => ({ ...object(policy) })),
    tests,
  }
}
