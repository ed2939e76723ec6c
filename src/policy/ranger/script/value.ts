/** What a condition reckons with. Maps, never objects: a name such as `__proto__` is a name like any other. */
export type Value = string | number | boolean | null | undefined | readonly Value[] | ValueMap

export interface ValueMap extends ReadonlyMap<string, Value> {}

/** A function was asked of something that has it not; the condition is not met, and strict readers say so. */
export class ScriptError extends Error {}

export const isList = (value: Value): value is readonly Value[] => Array.isArray(value)
export const isMap = (value: Value): value is ValueMap => value instanceof Map

export const isTrue = (value: Value): boolean =>
  isList(value) || isMap(value) || (value !== '' && value !== 0 && Boolean(value) && !Number.isNaN(value))

export function textOf(value: Value): string {
  if (isList(value)) return value.map(one => (one === null || one === undefined ? '' : textOf(one))).join(',')
  return isMap(value) ? '[object Object]' : String(value)
}

export function numberOf(value: Value): number {
  if (value === undefined || isMap(value)) return Number.NaN
  return isList(value) ? Number(textOf(value)) : Number(value)
}

/** `==` of JavaScript. */
export function areEqual(left: Value, right: Value): boolean {
  const isNothing = (value: Value): boolean => value === null || value === undefined
  if (isNothing(left) || isNothing(right)) return isNothing(left) && isNothing(right)
  if (typeof left === typeof right && typeof left !== 'object') return left === right
  if (isList(left) || isList(right) || isMap(left) || isMap(right)) {
    return left === right || (typeof left !== typeof right && textOf(left) === textOf(right))
  }
  return numberOf(left) === numberOf(right)
}

export function isLess(left: Value, right: Value, orEqual: boolean): boolean {
  if (typeof left === 'string' && typeof right === 'string') return orEqual ? left <= right : left < right
  const [a, b] = [numberOf(left), numberOf(right)]
  return orEqual ? a <= b : a < b
}

type Method = (of: Value, args: readonly Value[]) => Value

const text = (value: Value): string => {
  if (typeof value !== 'string') throw new ScriptError('not a text')
  return value
}
const list = (value: Value): readonly Value[] => {
  if (!isList(value)) throw new ScriptError('not a list')
  return value
}
const number = (value: Value): number => Math.trunc(numberOf(value)) || 0
const has = (of: Value, what: Value): boolean =>
  isList(of) ? of.some(one => one === what) : isMap(of) ? of.has(textOf(what)) : text(of).includes(textOf(what))

/** The functions of texts, lists and maps, by the names of JavaScript and of Java. */
export const valueMethods: Readonly<Record<string, Method>> = {
  charAt: (of, [at]) => text(of).charAt(number(at)),
  concat: (of, args) => (isList(of) ? [...of, ...args.flat()] : text(of) + args.map(textOf).join('')),
  contains: (of, [what]) => has(of, what),
  containsKey: (of, [key]) => isMap(of) && of.has(textOf(key)),
  endsWith: (of, [end]) => text(of).endsWith(textOf(end)),
  equals: (of, [other]) => of === other,
  equalsIgnoreCase: (of, [other]) => typeof other === 'string' && text(of).toLowerCase() === other.toLowerCase(),
  get: (of, [key]) => (isList(of) ? of[number(key)] : isMap(of) ? of.get(textOf(key)) : text(undefined)),
  includes: (of, [what]) => has(of, what),
  indexOf: (of, [what]) => (isList(of) ? of.indexOf(what) : text(of).indexOf(textOf(what))),
  intersects: (of, [others]) => list(others).some(one => list(of).includes(one)),
  isEmpty: of => (isList(of) ? of.length === 0 : isMap(of) ? of.size === 0 : text(of) === ''),
  join: (of, [by]) =>
    list(of)
      .map(textOf)
      .join(by === undefined ? ',' : textOf(by)),
  lastIndexOf: (of, [what]) => (isList(of) ? of.lastIndexOf(what) : text(of).lastIndexOf(textOf(what))),
  size: of => (isMap(of) ? of.size : list(of).length),
  split: (of, [by]) => text(of).split(textOf(by)),
  startsWith: (of, [start]) => text(of).startsWith(textOf(start)),
  substring: (of, [from, to]) => text(of).substring(number(from), to === undefined ? undefined : number(to)),
  toLowerCase: of => text(of).toLowerCase(),
  toString: (of: Value) => textOf(of),
  toUpperCase: of => text(of).toUpperCase(),
  trim: of => text(of).trim(),
}

/** A property: of a map its member, of a text or list its length or place. */
export function memberOf(of: Value, key: Value): Value {
  if (isMap(of)) return of.get(textOf(key))
  if (of === null || of === undefined) throw new ScriptError('nothing has no members')
  if (typeof of !== 'string' && !isList(of)) return undefined
  if (key === 'length') return of.length
  const at = Number(textOf(key))
  return Number.isInteger(at) ? of[at] : undefined
}
