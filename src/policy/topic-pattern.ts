/** `*` stands for any run of characters, `?` for one; all else is literal, dots too. */
export interface TopicPattern {
  readonly text: string
  readonly isLiteral: boolean
  readonly matches: (topic: string) => boolean
}

export const isWildcard = (text: string): boolean => /[*?]/.test(text)

export function topicPattern(text: string): TopicPattern {
  const isLiteral = !isWildcard(text)
  return { text, isLiteral, matches: isLiteral ? topic => topic === text : topic => covers(text, topic) }
}

/**
 * As with hidden files: names that begin with an underscore are internal (`_schemas`), and are meant only where the
 * pattern says so. Debezium's own are told apart by what lies in them.
 */
const covers = (pattern: string, topic: string): boolean =>
  (!/^_(?!_debezium-)/.test(topic) || pattern.startsWith('_')) && globMatches(pattern, topic)

/** Linear in the product of the lengths at worst, unlike a regular expression made from the pattern. */
export function globMatches(pattern: string, topic: string): boolean {
  let p = 0
  let t = 0
  let star = -1
  let resume = 0
  while (t < topic.length) {
    if (p < pattern.length && (pattern[p] === '?' || pattern[p] === topic[t]) && pattern[p] !== '*') {
      p++
      t++
    } else if (pattern[p] === '*') {
      star = p++
      resume = t
    } else if (star >= 0) {
      p = star + 1
      t = ++resume
    } else return false
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

/** What Kafka takes as a topic name. */
export const isTopicName = (name: string): boolean =>
  name.length <= 249 && /^[a-zA-Z0-9._-]+$/.test(name) && name !== '.' && name !== '..'

/** The output name of a raw topic. `template` holds `${topic}` once, beside something else. */
export const outputName = (template: string, topic: string): string => template.replace('${topic}', () => topic)

/** The raw topic that an output name was made from, null where the template cannot have made it. */
export function rawNameOf(template: string, name: string): string | null {
  const [before = '', after = ''] = template.split('${topic}')
  const fits = name.length > before.length + after.length && name.startsWith(before) && name.endsWith(after)
  return fits ? name.slice(before.length, name.length - after.length) : null
}
