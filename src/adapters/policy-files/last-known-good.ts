import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { CachedPolicies, PolicyCache } from '../../services/ports/policies.ts'

const NAME = 'policies.last-known-good.json'

/** Keeps the version in force in a folder. A file that is damaged or half written counts as none. */
export function createPolicyCache({ folder }: { readonly folder: string }): PolicyCache {
  return {
    load: async () => {
      try {
        return parse(await readFile(join(folder, NAME), 'utf8'))
      } catch {
        return null
      }
    },
    save: async version => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const text = JSON.stringify(version)
      // Written whole beside it and renamed, so that a crash leaves the old one or the new one.
      const draft = join(folder, `${NAME}.${process.pid}`)
      const file = await open(draft, 'w', 0o600)
      try {
        await file.writeFile(`${digestOf(text)}\n${text}`)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(draft, join(folder, NAME))
    },
  }
}

function parse(content: string): CachedPolicies | null {
  const end = content.indexOf('\n')
  const text = content.slice(end + 1)
  if (end < 0 || content.slice(0, end) !== digestOf(text)) return null
  const version = JSON.parse(text) as CachedPolicies
  // Older releases knew no approver.
  return { ...version, approver: version.approver ?? null, at: new Date(version.at) }
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')
