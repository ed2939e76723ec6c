import type { MaskingPolicy } from './masking-policy.ts'
import { isMeantFor } from './principals.ts'
import { createTopicIndex } from './topic-index.ts'
import type { View } from './view.ts'

/** A view with the policies that are meant for its readers. */
export interface ViewPolicies {
  readonly view: View
  /** By precedence. */
  readonly policies: readonly MaskingPolicy[]
  /** Those that name the topic; none where the view is not made of it. */
  readonly applying: (topic: string) => readonly MaskingPolicy[]
  readonly isNamed: (topic: string) => boolean
  /** Is this the output of a topic that is named? */
  readonly publishesTo: (topic: string) => boolean
  readonly literalTopics: () => readonly string[]
  /** Names and patterns that none of these topics fits. */
  readonly unmatched: (topics: readonly string[]) => readonly string[]
}

export function createViewPolicies(view: View, all: readonly MaskingPolicy[]): ViewPolicies {
  const policies = all.filter(({ document }) => isMeantFor(document, view.profile))
  const index = createTopicIndex(policies)
  const isNamed = (topic: string): boolean => view.takes(topic) && index.isNamed(topic)
  return {
    view,
    policies,
    applying: topic => (view.takes(topic) ? index.applying(topic) : []),
    isNamed,
    publishesTo: topic => {
      const raw = view.rawOf(topic)
      return raw !== null && isNamed(raw)
    },
    literalTopics: () => {
      const names = policies.flatMap(({ patterns }) => patterns.filter(({ isLiteral }) => isLiteral))
      return [...new Set(names.map(({ text }) => text))].filter(view.takes)
    },
    unmatched: index.unmatched,
  }
}
