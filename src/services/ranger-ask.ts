import { ScrimError } from '../errors.ts'
import type { RangerDocument } from '../policy/ranger-document.ts'
import {
  type RangerAdmin,
  type RangerAnswer,
  type RangerDownload,
  rangerDownloads,
  type RangerJson,
} from './ports/ranger.ts'
import { documentOf, isGone, type RangerNews, rangerFault, versionOf } from './ranger-documents.ts'

/** What is known of a service in this process; the rest is in the set. */
export interface RangerMemory {
  /** False until all of it was read once, whole: what is stored may be of another Ranger Admin under the same number. */
  isRead: boolean
  /** All users, of whom the set holds only those of views. */
  users: RangerJson | null
  activatedAt: number
}

/** What has changed of a service, roles before the policies that name them; null: Ranger does not know the service. */
export async function askService(
  admin: RangerAdmin,
  service: string,
  before: readonly RangerDocument[],
  memory: RangerMemory,
  signal: AbortSignal,
): Promise<RangerNews | null> {
  const news: Record<RangerDownload, RangerJson | null> = { roles: null, users: null, tags: null, policies: null }
  for (const what of rangerDownloads) {
    const known = { version: knownVersion(what, before, memory), activatedAt: memory.activatedAt }
    const answer = await admin.download(what, service, known, signal)
    if (answer.kind === 'unknown' && what === 'policies') return null
    news[what] = changedJson(what, service, answer, known.version)
  }
  return news
}

function knownVersion(what: RangerDownload, before: readonly RangerDocument[], memory: RangerMemory): number {
  if (!memory.isRead || isGone(before)) return -1
  const json = what === 'users' ? memory.users : documentOf(before, what)?.ranger
  return json == null ? -1 : versionOf(what, json)
}

function changedJson(what: RangerDownload, service: string, answer: RangerAnswer, knownAs: number): RangerJson | null {
  if (answer.kind === 'changed') {
    const fault = rangerFault(what, service, answer.json)
    if (fault !== null) throw new ScrimError('RANGER_ANSWER', { path: fault })
    return answer.json
  }
  // "Unchanged" to somebody who has nothing would leave him without policies.
  if (answer.kind === 'same' && what === 'policies' && knownAs === -1)
    throw new ScrimError('RANGER_ANSWER', { path: 'policies: unchanged, though none were known' })
  // Older releases have no users and roles to give, and not each service has tags. What was there stays.
  return null
}
