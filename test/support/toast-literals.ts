/** Every spelling of the placeholder that Debezium writes for an unchanged TOAST value (PostgreSQL connector 3.7). */
export function createToastLiterals(placeholder: string): ReadonlySet<string> {
  const known = cache.get(placeholder)
  if (known !== undefined) return known
  const quoted = JSON.stringify(placeholder)
  const bytes = Buffer.from(placeholder)
  const base64 = `"${bytes.toString('base64')}"`
  const literals = new Set([
    quoted,
    base64,
    `"${bytes.toString('hex')}"`,
    `[${quoted}]`,
    `[${base64}]`,
    `[${Array.from(bytes).join(',')}]`,
    `{${quoted}:${quoted}}`,
    JSON.stringify(`{${quoted}:${quoted}}`),
  ])
  // A UUID made from the name; Debezium has it as a constant of the default.
  if (placeholder === '__debezium_unavailable_value') literals.add('["b68a35a7-17ad-35b3-af2a-ae46edb4545a"]')
  cache.set(placeholder, literals)
  return literals
}

const cache = new Map<string, ReadonlySet<string>>()
