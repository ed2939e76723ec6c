import { usesTime } from './expression-text.ts'
import { hierarchiesOf } from './hierarchies.ts'
import type { PolicyResource } from './policy.ts'
import { policyMatcher } from './policy-matcher.ts'
import { readSchedules } from './read-policy.ts'
import type { Asked } from './request.ts'
import { timeFunctions } from './script/names.ts'
import { parseScript } from './script/parse.ts'
import { runScript } from './script/run.ts'
import type { ScriptTag } from './script/script-request.ts'
import type { ServiceDef } from './service-def.ts'
import { timeZone } from './time-zone.ts'
import { compileValidity } from './validity.ts'
import { wildcardMatches } from './wildcard.ts'

export interface ConditionInput {
  readonly values: readonly string[]
  readonly options: ReadonlyMap<string, string>
  readonly serviceDef: ServiceDef
  readonly defaultZone: string
}

export type MadeCondition =
  | {
      readonly holds: (asked: Asked, tag: ScriptTag | null) => boolean
      readonly nextChange?: (instant: number) => number | null
    }
  | { readonly fault: string }

export type ConditionMaker = (input: ConditionInput) => MadeCondition

/** Every kind of condition that is understood, by the simple name of Ranger's class. */
export const conditionMakers: Readonly<Record<string, ConditionMaker>> = {
  RangerAccessedFromClusterCondition: ({ values }) => ({
    holds: ({ request }) => values.length === 0 || isAmong(request.clusterName, values),
  }),
  RangerAccessedFromClusterTypeCondition: ({ values }) => ({
    holds: ({ request }) => values.length === 0 || isAmong(request.clusterType, values),
  }),
  RangerAccessedNotFromClusterCondition: ({ values }) => ({
    holds: ({ request }) => values.length === 0 || !isAmong(request.clusterName, values),
  }),
  RangerAccessedNotFromClusterTypeCondition: ({ values }) => ({
    holds: ({ request }) => values.length === 0 || !isAmong(request.clusterType, values),
  }),
  RangerAnyOfExpectedTagsPresentConditionEvaluator: ({ values }) => ({
    holds: asked => values.some(value => hasTag(asked, value)),
  }),
  RangerContextAttributeValueInCondition: input => contextAttribute(input, value => input.values.includes(value)),
  RangerContextAttributeValueNotInCondition: input => contextAttribute(input, value => !input.values.includes(value)),
  RangerHiveResourcesAccessedTogetherCondition: input => accessedTogether(input, false),
  RangerHiveResourcesNotAccessedTogetherCondition: input => accessedTogether(input, true),
  RangerIpMatcher: ipAddress,
  RangerNoneOfExpectedTagsPresentConditionEvaluator: ({ values }) => ({
    holds: asked => !values.some(value => hasTag(asked, value)),
  }),
  RangerScriptConditionEvaluator: ({ values }) => script(values[0] ?? '', false),
  RangerScriptTemplateConditionEvaluator: ({ values, options }) =>
    script(options.get('scriptTemplate') ?? '', /^(false|no)$/i.test(values[0] ?? '')),
  RangerSimpleMatcher: ({ values, options }) => ({
    holds: ({ request }) => {
      const value = request.context?.get(options.get('CONTEXT_NAME') ?? '')
      return values.length === 0 || (value !== undefined && values.some(pattern => wildcardMatches(value, pattern)))
    },
  }),
  RangerTagsAllPresentConditionEvaluator: ({ values }) => ({
    holds: asked => values.every(value => hasTag(asked, value)),
  }),
  RangerTimeOfDayMatcher: timeOfDay,
  RangerValidityScheduleConditionEvaluator: ({ values }) => {
    const problems: Parameters<typeof readSchedules>[1] = { problems: [], policy: '' }
    const schedules = values.flatMap(value => readSchedules(value, problems, ''))
    if (problems.problems.length > 0) return { fault: 'a schedule cannot be read' }
    const { isActive, nextChange } = compileValidity(schedules, null)
    return { holds: ({ accessTime }) => isActive(accessTime), nextChange }
  },
}

const isAmong = (value: string | null | undefined, values: readonly string[]): boolean =>
  value !== null && value !== undefined && values.includes(value)

const hasTag = ({ tags }: Asked, type: string): boolean => tags.some(tag => tag.type === type.trim())

function contextAttribute({ values, options }: ConditionInput, test: (value: string) => boolean): MadeCondition {
  const name = options.get('attributeName')
  if (name === undefined) return { fault: 'the service-def names no attribute' }
  return {
    holds: ({ request }) => {
      const value = request.context?.get(name)
      return values.length === 0 || value === undefined || test(value)
    },
  }
}

function script(source: string, isReversed: boolean): MadeCondition {
  if (source.trim() === '') return { fault: 'it has no expression' }
  const read = parseScript(source)
  if ('fault' in read) return { fault: `the expression is not supported: ${read.fault.what} (at ${read.fault.at})` }
  const isTimed = usesTime([read.script], name => timeFunctions.has(name))
  return {
    holds: (asked, tag) => {
      const outcome = runScript(read.script, asked.script(tag))
      if ('fault' in outcome) {
        asked.faults.add(`an expression came to no result: ${outcome.fault}`)
        return isReversed
      }
      return outcome.result !== isReversed
    },
    // What a script makes of the time is its own affair: it is asked again every minute.
    ...(isTimed ? { nextChange: (instant: number) => Math.floor(instant / 60_000) * 60_000 + 60_000 } : {}),
  }
}

/** Addresses, or beginnings of them that end in `.*` or `:*`. */
function ipAddress({ values }: ConditionInput): MadeCondition {
  if (values.length === 0 || values.some(value => /^(\*([.:]\*)*)?$/.test(value))) return { holds: () => true }
  const patterns = values.map(value => {
    const cut = value.includes('.') ? value.replace(/(\.\*)+$/, '.') : value.replace(/(:\*)+$/, ':').toLowerCase()
    return { text: cut, isStart: cut !== value && /[*]$/.test(value) }
  })
  return {
    holds: ({ request }) => {
      const given = request.clientIp ?? null
      if (given === null) return true
      const ip = given.includes('.') ? given : given.toLowerCase()
      return patterns.some(({ text, isStart }) => (isStart ? ip.startsWith(text) : ip === text))
    },
  }
}

const span = /^ *(\d{1,2})(?::(\d{1,2}))? *([ap])\.?m\.? *- *(\d{1,2})(?::(\d{1,2}))? *([ap])\.?m\.? *$/i

/** `9am-5pm`: minutes of the day, both ends included; one that ends before it begins goes on past midnight. */
function timeOfDay({ values, defaultZone }: ConditionInput): MadeCondition {
  const spans = values.filter(value => value !== '').map(value => span.exec(value))
  const zone = timeZone(defaultZone)
  if (spans.includes(null) || zone === null) return { fault: 'a time of day is not like 9am-5pm' }
  const minutes = (hour = '', minute = '0', half = ''): number =>
    ((Number(hour) % 12) + (half.toLowerCase() === 'p' ? 12 : 0)) * 60 + Number(minute)
  const ranges = spans.map(found => {
    const [, fromHour, fromMinute, fromHalf, toHour, toMinute, toHalf] = found ?? []
    return { from: minutes(fromHour, fromMinute, fromHalf), to: minutes(toHour, toMinute, toHalf) }
  })
  if (ranges.length === 0) return { holds: () => true }
  return {
    holds: ({ accessTime }) => {
      const minute = Math.floor(zone.wallTime(accessTime) / 60_000) % 1440
      return ranges.some(({ from, to }) =>
        from < to ? from <= minute && minute <= to : from <= minute || minute <= to,
      )
    },
    nextChange: instant => Math.floor(instant / 60_000) * 60_000 + 60_000,
  }
}

/** Columns such as `db.table.column` that may not be read in one query; Ranger knows it for Hive only. */
function accessedTogether({ values, serviceDef }: ConditionInput, isReversed: boolean): MadeCondition {
  if (serviceDef.name !== 'hive') return { holds: () => true }
  const hierarchies = hierarchiesOf(serviceDef, 0)
  const any = '*'
  const resource = (value: string): PolicyResource => ({ values: [value], isExcludes: false, isRecursive: false })
  const matchers = values.flatMap(value => {
    const [database = any, table = any, column = any, ...rest] = value.trim().split('.')
    const names = new Map([
      ['database', resource(database)],
      ['table', resource(table)],
      ['column', resource(column)],
    ])
    return rest.length > 0 ? [] : [policyMatcher(names, hierarchies)]
  })
  return {
    holds: ({ request, match }) => {
      const asked = request.requestedResources
      if (matchers.length === 0) return true
      if (asked === undefined) return isReversed
      const hits = asked.flatMap(elements =>
        matchers.filter(matcher => /^SELF/.test(matcher.match(elements, new Map(), match))),
      )
      const areTogether = asked.length > 1 && hits.length > 1
      return areTogether !== isReversed
    },
  }
}
