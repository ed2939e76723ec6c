import type { MaskingPolicy } from './masking-policy.ts'
import { isMeantFor } from './principals.ts'
import type { ServiceRules, ServiceTopic } from './ranger-topic.ts'
import { createTopicIndex } from './topic-index.ts'
import type { View } from './view.ts'

/** More than a broker has. */
const MAX_TOPICS = 100_000

/** A view with the policies that are meant for its readers. */
export interface ViewPolicies {
  readonly view: View
  /** By precedence. */
  readonly policies: readonly MaskingPolicy[]
  /** Those that name the topic; none where the view is not made of it. */
  readonly applying: (topic: string) => readonly MaskingPolicy[]
  /** What services of Ranger's say of it. */
  readonly services: (topic: string) => readonly ServiceTopic[]
  readonly isNamed: (topic: string) => boolean
  /** Is this the output of a topic that is named? */
  readonly publishesTo: (topic: string) => boolean
  readonly literalTopics: () => readonly string[]
  /** Names and patterns that none of these topics fits. */
  readonly unmatched: (topics: readonly string[]) => readonly string[]
}

export function createViewPolicies(
  view: View,
  all: readonly MaskingPolicy[],
  rules: readonly ServiceRules[],
  now: number,
): ViewPolicies {
  const policies = all.filter(({ document }) => isMeantFor(document, view.profile))
  const index = createTopicIndex(policies)
  const made = new Map<string, readonly ServiceTopic[]>()
  const services = (topic: string): readonly ServiceTopic[] => {
    const known = made.get(topic)
    if (known !== undefined) return known
    const topics = rules.flatMap(service => service.of(topic, view.profile, now) ?? [])
    if (made.size >= MAX_TOPICS) made.clear()
    made.set(topic, topics)
    return topics
  }
  const isNamed = (topic: string): boolean => {
    if (!view.takes(topic)) return false
    if (rules.length === 0) return index.isNamed(topic)
    const said = services(topic)
    return said.every(({ isReadable }) => isReadable) && (index.isNamed(topic) || said.some(({ isNamed }) => isNamed))
  }
  return {
    view,
    policies,
    applying: topic => (view.takes(topic) ? index.applying(topic) : []),
    services,
    isNamed,
    publishesTo: topic => {
      const raw = view.rawOf(topic)
      return raw !== null && isNamed(raw)
    },
    literalTopics: () => {
      const names = policies.flatMap(({ patterns }) => patterns.filter(({ isLiteral }) => isLiteral))
      const ofServices = rules.flatMap(service => service.literalTopics)
      return [...new Set([...names.map(({ text }) => text), ...ofServices])].filter(view.takes)
    },
    unmatched: topics => {
      const there = new Set(topics)
      const ofServices = rules.flatMap(service => service.literalTopics).filter(topic => !there.has(topic))
      return [...new Set([...index.unmatched(topics), ...ofServices])]
    },
  }
}
