import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'

/** One numbered SQL file. */
export interface Migration {
  /** Its name, `001-audit.sql`; the order is that of the names. */
  readonly file: string
  readonly sql: string
  /** SHA-256 of the text. */
  readonly digest: string
}

/** The migrations of this version, in order. */
export async function readMigrations(folder: URL = new URL('./sql/', import.meta.url)): Promise<readonly Migration[]> {
  const files = (await readdir(folder)).filter(file => /^\d{3}-.*\.sql$/.test(file)).sort()
  return Promise.all(
    files.map(async file => {
      // A checkout on Windows must not look like a changed file.
      const sql = (await readFile(new URL(file, folder), 'utf8')).replaceAll('\r\n', '\n')
      return { file, sql, digest: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

/** What has to be applied; and what stands in the way: applied and edited since, or skipped while later ones were applied. */
export function compareMigrations(
  migrations: readonly Migration[],
  applied: ReadonlyMap<string, string>,
): { readonly pending: readonly Migration[]; readonly broken: readonly string[] } {
  const lastApplied = [...applied.keys()].sort().at(-1) ?? ''
  const pending = migrations.filter(({ file }) => !applied.has(file))
  const broken = migrations.filter(
    ({ file, digest }) => (applied.get(file) ?? digest) !== digest || (!applied.has(file) && file < lastApplied),
  )
  return { pending, broken: broken.map(({ file }) => file) }
}
