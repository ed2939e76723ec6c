import type { Problem } from '../errors.ts'
import type { Identity } from '../pipeline/expression/scope.ts'
import { isView, type PolicyDocument, type ViewDocument } from './document.ts'
import { policyProblem } from './policy-problem.ts'
import { isTopicName, outputName, rawNameOf, topicPattern } from './topic-pattern.ts'

/** For whom a view is made: what policies ask of a reader is answered by it. */
export interface Profile {
  readonly user: string | null
  readonly groups: ReadonlySet<string>
  readonly roles: ReadonlySet<string>
  readonly attributes: Readonly<Record<string, string | readonly string[]>>
}

/** One masked output of raw topics. */
export interface View {
  readonly name: string
  readonly profile: Profile
  /** Is the view made of this raw topic, as far as the view says so? */
  readonly takes: (topic: string) => boolean
  readonly outputOf: (topic: string) => string
  /** The raw topic that an output name was made from; null where this view cannot have made it. */
  readonly rawOf: (output: string) => string | null
}

/** Everybody's group, as in Ranger. */
export const PUBLIC = 'public'

/** The views of a set; one for everybody where it names none. */
export function readViews(
  documents: readonly PolicyDocument[],
  outputTopic: string,
): { readonly views: readonly View[]; readonly problems: readonly Problem[] } {
  const named = documents.filter(isView)
  if (named.length === 0) return { views: [viewOf({ name: PUBLIC, outputTopic })], problems: [] }
  const problems = named.flatMap(view => templateProblems(view, named))
  return { views: problems.length > 0 ? [] : named.map(viewOf), problems }
}

/** How the views of a set name their output topics. */
export function outputTemplates(documents: readonly PolicyDocument[], outputTopic: string): readonly string[] {
  const named = documents.filter(isView)
  return named.length === 0 ? [outputTopic] : named.map(view => view.outputTopic)
}

function viewOf({ name, outputTopic, topics, user, groups, roles, attributes }: ViewDocument): View {
  const patterns = topics?.map(topicPattern) ?? null
  return {
    name,
    profile: {
      user: user ?? null,
      groups: new Set([PUBLIC, ...(groups ?? [])]),
      roles: new Set(roles),
      attributes: attributes ?? {},
    },
    takes: topic => patterns === null || patterns.some(({ matches }) => matches(topic)),
    outputOf: topic => outputName(outputTopic, topic),
    rawOf: output => rawNameOf(outputTopic, output),
  }
}

/** As expressions ask for it: `current_user()`. */
export const identityOf = ({ user, groups, roles, attributes }: Profile): Identity => ({
  user,
  groups: [...groups],
  roles: [...roles],
  attributes: new Map(Object.entries(attributes)),
})

function templateProblems({ name, outputTopic }: ViewDocument, all: readonly ViewDocument[]): Problem[] {
  const parts = outputTopic.split('${topic}')
  if (parts.length !== 2 || parts.join('') === '' || !isTopicName(outputName(outputTopic, 'a')))
    return [policyProblem('POLICY_TOPIC_NAME', name, 'outputTopic', 'needs ${topic} once, and something beside it')]
  const other = all.find(view => view.name !== name && view.outputTopic === outputTopic)
  return other === undefined
    ? []
    : [policyProblem('POLICY_VIEW_OUTPUT', name, 'outputTopic', `view ${other.name} has the same`)]
}
