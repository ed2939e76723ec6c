import { ScrimError } from '../../errors.ts'

/** The ETag of everything about policies is the version of the set. */
export const etagOf = (version: number): string => `"${version}"`

/** What If-Match asks for. A proxy that compresses makes an ETag weak, so the weak form is taken too. */
export function readIfMatch(header: string | undefined): number | '*' {
  if (header === undefined || header.trim() === '') throw new ScrimError('REQUEST_PRECONDITION')
  if (header.trim() === '*') return '*'
  const version = /^(?:W\/)?(?:"(\d{1,15})"|(\d{1,15}))$/.exec(header.trim())
  if (version === null) throw new ScrimError('REQUEST_INVALID', { path: 'header If-Match' })
  return Number(version[1] ?? version[2])
}
