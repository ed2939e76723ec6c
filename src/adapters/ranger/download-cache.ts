import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { RangerCache, RangerDownload, RangerDownloads, RangerJson } from '../../services/ports/ranger.ts'

/** As Ranger's plugins name them in their policy cache directory. */
const suffixes: Readonly<Record<RangerDownload, string>> = {
  policies: '',
  roles: '_roles',
  tags: '_tag',
  users: '_userstore',
}

const nameOf = (service: string, what: RangerDownload): string => `scrim_${service}${suffixes[what]}.json`

/** The last downloads in a folder, each as it came. */
export function createRangerCache({
  folder,
  parseJson,
}: {
  readonly folder: string
  readonly parseJson: (text: string) => { readonly value: unknown } | { readonly fault: unknown }
}): RangerCache {
  async function read(service: string, what: RangerDownload): Promise<RangerJson | null> {
    try {
      const parsed = parseJson(await readFile(join(folder, nameOf(service, what)), 'utf8'))
      if ('fault' in parsed) return null
      const { value } = parsed
      return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as RangerJson) : null
    } catch {
      return null
    }
  }

  return {
    load: async service => {
      const policies = await read(service, 'policies')
      if (policies === null) return null
      const found: { -readonly [K in keyof RangerDownloads]: RangerDownloads[K] } = { policies }
      for (const what of ['roles', 'users', 'tags'] as const) {
        const json = await read(service, what)
        if (json !== null) found[what] = json
      }
      return found
    },
    save: async (service, what, json) => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      // Written whole beside it and renamed, so that a crash leaves the old one or the new one.
      const path = join(folder, nameOf(service, what))
      const draft = `${path}.${process.pid}`
      const file = await open(draft, 'w', 0o600)
      try {
        await file.writeFile(JSON.stringify(json))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(draft, path)
    },
    forget: async service => {
      for (const what of ['policies', 'roles', 'tags', 'users'] as const) {
        const path = join(folder, nameOf(service, what))
        await rename(path, `${path}.gone`).catch(() => undefined)
      }
    },
  }
}
