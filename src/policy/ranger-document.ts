import Type, { type Static } from 'typebox'
import { detectShape, type RangerShape } from './ranger/shape.ts'

/**
 * JSON of Apache Ranger's own, kept as it came: a policy, a service with its policies, a service definition, tags, roles,
 * users. It gets a name beside it, by which it is addressed; `src/policy/ranger` says what it means.
 */
export const rangerDocument = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 600, description: 'Made of what the JSON says of itself.' }),
    ranger: Type.Record(Type.String(), Type.Unknown(), { description: 'As Ranger Admin gives it.' }),
    source: Type.Optional(
      Type.Object(
        {
          service: Type.String({ minLength: 1, maxLength: 200, description: 'A service of the Ranger Admin.' }),
          isGone: Type.Optional(
            Type.Literal(true, {
              description: 'The service is not there any more: these are its last policies, whose topics wait.',
            }),
          ),
        },
        {
          additionalProperties: false,
          description:
            'Polled from a Ranger Admin, which is its master: a policy in it that is not valid blocks the topics that it touches, and does not refuse the set.',
        },
      ),
    ),
  },
  { additionalProperties: false },
)
export type RangerDocument = Static<typeof rangerDocument>

type Json = Readonly<Record<string, unknown>>

/** One of Ranger's shapes that is a document by itself; null where it is none. An export is a list of policies. */
export function rangerShape(json: Json): Exclude<RangerShape, 'export'> | null {
  if (Object.hasOwn(json, 'maskingPolicy') || Object.hasOwn(json, 'outputTopic')) return null
  const shape = detectShape(json)
  return shape === 'export' ? null : shape
}

/** The policies of an export file; null where it is none. */
export function exportedPolicies(json: Json): readonly unknown[] | null {
  return detectShape(json) === 'export' && Array.isArray(json.policies) ? json.policies : null
}

/** With the name that it is addressed by. Names of policies are unique in a service and zone only. */
export function wrapRanger(json: Json, shape: Exclude<RangerShape, 'export'>): RangerDocument {
  const text = (name: string): string => {
    const found = Object.hasOwn(json, name) ? json[name] : undefined
    return typeof found === 'string' ? found.slice(0, 180) : ''
  }
  const nameOf: Record<typeof shape, () => string> = {
    'service-policies': () => text('serviceName'),
    policy: () => rangerPolicyName(text('service'), text('zoneName'), text('name')),
    'service-def': () => `service-def:${text('name')}`,
    'service-tags': () => `tags:${text('serviceName')}`,
    roles: () => `roles:${text('serviceName')}`,
    'user-store': () => 'users',
  }
  return { name: nameOf[shape]() || shape, ranger: json }
}

/** How a policy of Ranger's is spoken of. */
export const rangerPolicyName = (service: string, zone: string, name: string): string =>
  [service, zone, name].filter(part => part !== '').join(':')
