import { createHash } from 'node:crypto'
import type { PolicyFiles } from '../../src/services/ports/policies.ts'

/** Policy files in memory; `set` tells the watchers. */
export function createMemoryPolicyFiles(
  files: Record<string, unknown> = {},
): PolicyFiles & { readonly set: (files: Record<string, unknown>) => void } {
  let texts = textsOf(files)
  const watchers = new Set<() => void>()
  return {
    read: async () => ({
      digest: createHash('sha256').update(JSON.stringify(texts)).digest('hex'),
      files: texts,
      problems: [],
    }),
    watch: async (changed, signal) => {
      watchers.add(changed)
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
      watchers.delete(changed)
    },
    set: next => {
      texts = textsOf(next)
      for (const changed of watchers) changed()
    },
  }
}

/** A string is the file's text; anything else is written as JSON. */
const textsOf = (files: Record<string, unknown>): { name: string; text: string }[] =>
  Object.entries(files).map(([name, content]) => ({
    name,
    text: typeof content === 'string' ? content : JSON.stringify(content),
  }))
