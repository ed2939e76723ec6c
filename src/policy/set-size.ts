import type { Problem } from '../errors.ts'
import { isMaskingPolicy, isRanger, isTableSchema, isView, type PolicyDocument } from './document.ts'
import { rangerExcess } from './ranger-size.ts'
import { shapeProblem } from './policy-problem.ts'
import { isWildcard } from './topic-pattern.ts'

/** More than any system has; a bound on the time that a set can take. */
const MAX_DOCUMENTS = 10_000
const MAX_CONDITIONS = 50_000
const MAX_TOPICS = 20_000
const MAX_WILDCARDS = 500
/** Each record is masked once for each view. */
const MAX_VIEWS = 100
/** Each view is checked by itself. */
const MAX_CONDITIONS_OF_VIEWS = 500_000

/** What makes the set larger than one may be; null where nothing does. */
export function sizeProblem(documents: readonly PolicyDocument[]): Problem | null {
  const topics = documents.filter(isMaskingPolicy).flatMap(({ resources: { topic } }) => topic)
  const conditions =
    documents
      .filter(isMaskingPolicy)
      .reduce((sum, { maskingPolicy }) => sum + maskingPolicy.maskingConditions.length, 0) +
    documents.filter(isTableSchema).reduce((sum, { tableSchema }) => sum + tableSchema.columns.length, 0)
  const views = documents.filter(isView).length
  const tooMany =
    documents.length > MAX_DOCUMENTS
      ? 'documents'
      : conditions > MAX_CONDITIONS
        ? 'conditions and columns'
        : topics.length > MAX_TOPICS
          ? 'topics'
          : topics.filter(isWildcard).length > MAX_WILDCARDS
            ? 'topics with wildcards'
            : views > MAX_VIEWS
              ? 'views'
              : conditions * views > MAX_CONDITIONS_OF_VIEWS
                ? 'conditions and columns for so many views'
                : rangerExcess(documents.filter(isRanger))
  return tooMany === null ? null : shapeProblem('policies', '', `too many ${tooMany} in one set`)
}
