import { lineProblem, type RecordLine } from '../pipeline/record-line.ts'

/**
 * A record given as JSON text. A key or value that is an object is taken as it is spelled (without the white space
 * between its tokens): JSON.parse would round 64-bit numbers and let one of two repeated members hide the other.
 */
export function readRecordText(text: string): { readonly record: RecordLine } | { readonly problem: string } {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return { problem: 'not JSON' }
  }
  const problem = lineProblem(parsed)
  if (problem !== null) return { problem }
  const members = outerMembers(text)
  if (members === null) return { problem: 'a repeated member' }
  const record = parsed as RecordLine
  const exact = (['key', 'value'] as const)
    .filter(name => typeof record[name] === 'object' && record[name] !== null)
    .map(name => [name, Buffer.from(members.get(name) ?? '').toString('base64')])
  return { record: { ...record, ...Object.fromEntries(exact) } }
}

// Written so that a long string is one run: an alternative per character would use up the stack.
const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:,]|[^\s"{}[\]:,]+/g

/** The members of an object by name, each as its compact text; null where a name is repeated. The text must be JSON. */
function outerMembers(text: string): ReadonlyMap<string, string> | null {
  const members = new Map<string, string>()
  let depth = 0
  let name: string | null = null
  let tokens: string[] = []
  for (const [found] of text.matchAll(token)) {
    if (found === '}' || found === ']') depth--
    const isOuterEnd = (depth === 1 && found === ',') || depth === 0
    if (isOuterEnd) {
      if (name !== null && members.has(name)) return null
      if (name !== null) members.set(name, tokens.join(''))
      name = null
      tokens = []
    } else if (name === null) name = JSON.parse(found) as string
    else if (depth > 1 || found !== ':') tokens.push(found)
    if (found === '{' || found === '[') depth++
  }
  return members
}
