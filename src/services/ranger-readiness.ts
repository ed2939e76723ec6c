import { errorCatalogue } from '../errors.ts'
import type { Plan, TopicBlock } from '../pipeline/plan.ts'
import type { RangerServiceStatus } from './ranger-source.ts'

/** One policy that cannot be taken is its author's affair; a service that is not there stops what it governed. */
const isNotice = ({ code }: TopicBlock): boolean => code === 'POLICY_RANGER_INVALID'

/** Blocks that make the process unready. */
export const blockReasons = (plan: Plan | null): readonly TopicBlock[] =>
  (plan?.blocks?.list ?? []).filter(block => !isNotice(block))

const MAX_NAMED = 20

/** Policies that block topics, by name. */
export function blockNotices(plan: Plan | null): readonly string[] {
  const found = (plan?.blocks?.list ?? []).filter(isNotice)
  const more = found.length > MAX_NAMED ? [`POLICY_RANGER_INVALID: ${found.length - MAX_NAMED} more policies`] : []
  return [
    ...found.slice(0, MAX_NAMED).map(({ code, policy, path, topics }) => {
      const named = topics === 'all' ? 'every topic' : topics.slice(0, MAX_NAMED).join(', ')
      return `${code}: ${policy} (${path}) cannot be taken; what waits: ${named}`
    }),
    ...more,
  ]
}

/** Services whose policies in force are not what Ranger Admin says, or may not be. */
export function rangerNotices(statuses: readonly RangerServiceStatus[]): readonly string[] {
  return statuses.flatMap(({ service, policyVersion, code, path, since }) => {
    if (code === null) return []
    const stays = policyVersion === null ? 'nothing of it is in force' : `policy version ${policyVersion} is in force`
    const place = path === '' ? '' : ` (${path})`
    return [
      `${code}: Ranger service ${service}${place}, since ${since.toISOString()}: ${errorCatalogue[code].message}; ${stays}`,
    ]
  })
}
