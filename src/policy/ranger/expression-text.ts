import { type ScriptFault, parseScript } from './script/parse.ts'
import { runScript } from './script/run.ts'
import type { ScriptRequest } from './script/script-request.ts'
import { nodesIn, type Statement } from './script/tree.ts'
import { textOf } from './script/value.ts'

/** A text with `${{...}}` in it: a filter, a mask value, the value of a resource. */
export interface ExpressionText {
  readonly text: string
  readonly fault: ScriptFault | null
  /** The text as Ranger makes it: values pasted in, nothing where there is none. */
  readonly resolve: (request: ScriptRequest) => string
  /** Each placeholder as written and what it stands for, to be bound after parsing; the text keeps its placeholders. */
  readonly bind: (request: ScriptRequest) => readonly BoundPlaceholder[]
  readonly scripts: readonly (readonly Statement[])[]
}

export interface BoundPlaceholder {
  /** `${{USER.dept}}` */
  readonly written: string
  /** A list where the placeholder makes one in quotes, such as GET_UG_ATTR_Q; null where there is no value. */
  readonly value: string | readonly string[] | null
}

const placeholder = /\$\{\{(.*?)\}\}/g

export function expressionText(text: string): ExpressionText {
  const parts = [...text.matchAll(placeholder)].map(([written, source = '']) => ({ written, ...readPart(source) }))
  const faults = parts.flatMap(part => ('fault' in part ? [part.fault] : []))
  const partValue = (at: number, request: ScriptRequest) => {
    const part = parts[at]
    if (part === undefined || 'fault' in part) return null
    const outcome = runScript(part.script, request)
    return 'fault' in outcome || outcome.value === null || outcome.value === undefined ? null : outcome.value
  }
  return {
    text,
    fault: faults[0] ?? null,
    resolve: request => {
      let at = 0
      return text.replace(placeholder, () => {
        const value = partValue(at++, request)
        return value === null ? '' : textOf(value)
      })
    },
    bind: request =>
      parts.map(({ written }, at) => {
        const value = partValue(at, request)
        return { written, value: value === null || value === '' ? null : boundValue(textOf(value)) }
      }),
    scripts: parts.flatMap(part => ('script' in part ? [part.script] : [])),
  }
}

/** `[[...]]` may hold a text without quotes of its own. */
const readPart = (source: string) => parseScript(source)

/**
 * Quoted texts with commas between them are what Ranger pastes into `IN (...)`: they become a list of values. Everything
 * else is one value, whatever quotes or SQL it holds.
 */
function boundValue(text: string): string | readonly string[] {
  if (!/^\s*'(?:[^']|'')*'(?:\s*,\s*'(?:[^']|'')*')*\s*$/.test(text)) return text
  return [...text.matchAll(/'((?:[^']|'')*)'/g)].map(([, inner = '']) => inner.replaceAll("''", "'"))
}

/** Whether the scripts look at the time of the access. */
export function usesTime(
  scripts: readonly (readonly Statement[])[],
  isTimeFunction: (name: string) => boolean,
): boolean {
  return scripts.some(script =>
    [...nodesIn(script)].some(
      node =>
        (node.kind === 'call' && isTimeFunction(node.method)) ||
        (node.kind === 'member' && node.key.kind === 'literal' && node.key.value === 'accessTime'),
    ),
  )
}
