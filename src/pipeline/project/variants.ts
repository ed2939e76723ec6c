/** A table has a handful of TOASTed columns, but their combinations double with each: the rare ones are made anew. */
const MAX_VARIANTS = 64

/** The same thing with more columns left out than `omitted`; each made once, and remembered. */
export function createVariants<T>(
  omitted: ReadonlySet<string>,
  make: (omitted: ReadonlySet<string>) => T,
): (more: ReadonlySet<string>) => T {
  const variants = new Map<string, T>()
  return more => {
    const all = new Set([...omitted, ...more])
    const id = JSON.stringify([...all].sort())
    const known = variants.get(id)
    if (known !== undefined) return known
    const variant = make(all)
    if (variants.size < MAX_VARIANTS) variants.set(id, variant)
    return variant
  }
}
