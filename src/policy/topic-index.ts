import type { TopicPattern } from './topic-pattern.ts'

interface Named {
  readonly patterns: readonly TopicPattern[]
}

/** Which of some things name a topic: literal names by look-up, so that only wildcards are tried one by one. */
export interface TopicIndex<T> {
  /** In the order that was given. */
  readonly applying: (topic: string) => readonly T[]
  readonly isNamed: (topic: string) => boolean
  /** Names and patterns that none of these topics fits, sorted. */
  readonly unmatched: (topics: readonly string[]) => readonly string[]
}

export function createTopicIndex<T extends Named>(things: readonly T[]): TopicIndex<T> {
  const literal = new Map<string, number[]>()
  const wild: { readonly pattern: TopicPattern; readonly at: number }[] = []
  things.forEach(({ patterns }, at) => {
    for (const pattern of patterns) {
      if (!pattern.isLiteral) wild.push({ pattern, at })
      else {
        const known = literal.get(pattern.text)
        if (known === undefined) literal.set(pattern.text, [at])
        else known.push(at)
      }
    }
  })
  return {
    applying: topic => {
      const found = new Set(literal.get(topic))
      for (const { pattern, at } of wild) if (pattern.matches(topic)) found.add(at)
      return [...found].sort((a, b) => a - b).map(at => things[at] as T)
    },
    isNamed: topic => literal.has(topic) || wild.some(({ pattern }) => pattern.matches(topic)),
    unmatched: topics => {
      const there = new Set(topics)
      const patterns = new Map(wild.map(({ pattern }) => [pattern.text, pattern]))
      return [
        ...[...literal.keys()].filter(name => !there.has(name)),
        ...[...patterns.values()].filter(({ matches }) => !topics.some(matches)).map(({ text }) => text),
      ].sort()
    },
  }
}
