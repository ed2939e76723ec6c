import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** Whom Postgres runs as: undefined when that is ourselves. */
export type PostgresUser = { readonly uid: number; readonly gid: number } | undefined

/** Postgres refuses to run as root; then it is `postgres` if there is such a user, else `nobody`. */
export function postgresUser(): PostgresUser {
  if (process.getuid?.() !== 0) return undefined
  const accounts = readFileSync('/etc/passwd', 'utf8')
  for (const name of ['postgres', 'nobody']) {
    // A uid without an entry will not do: initdb looks its name up.
    const [, uid, gid] = new RegExp(`^${name}:[^:]*:(\\d+):(\\d+):`, 'm').exec(accounts) ?? []
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error('running as root, and there is neither a user `postgres` nor `nobody` for Postgres to run as')
}

/** The temporary directory, or where the user cannot walk through that (it may be private to root), one where it can. */
export function scratchBase(user: PostgresUser): string {
  const bases = [tmpdir(), '/tmp', '/var/tmp']
  const found = bases.find(
    base => !user || spawnSync('/bin/sh', ['-c', 'cd "$0"', base], { cwd: '/', ...user }).status === 0,
  )
  if (!found) throw new Error(`the user with uid ${user?.uid} can enter none of ${bases.join(', ')}`)
  return found
}
