import { arithmetic, negate } from './arithmetic.ts'
import { BindError, type Bound, constantOf, mapped, refuse } from './bound.ts'
import type { BindFault, BoundCondition, BoundExpression } from './bound-expression.ts'
import { cast } from './cast.ts'
import { castTarget } from './cast-target.ts'
import { compare } from './compare.ts'
import { bindBetween, bindCase, bindIn, bindLike } from './predicates.ts'
import type { Expression, Literal, Placeholder } from './expression.ts'
import { hasInside, kindNames, textOf, typeOfColumn } from './expression-type.ts'
import { CHANGED, sqlFunctions } from './functions/function-table.ts'
import type { SqlFunction } from './functions/sql-function.ts'
import { asAnyText } from './functions/sql-function.ts'
import { joined } from './functions/texts.ts'
import { jsonPath } from './json-path.ts'
import { asCondition, junction, negation, test } from './logic.ts'
import type { Scope, ScopeColumn } from './scope.ts'
import { codePoints } from './text.ts'
import { whole } from './values.ts'

/** Binds names to columns, checks the types, makes the closure. Everything that can be refused is refused here. */
export function bindExpression(expression: Expression, scope: Scope): BoundExpression | BindFault {
  return caught(() => {
    const binder = new Binder(scope)
    const bound = binder.alone(expression)
    if (bound.type.kind === 'list') refuse(bound.at, 'a list stands only in IN and array_contains')
    return finished(bound, binder)
  })
}

/** The same for what must be true or false: a row filter, a WHEN. */
export function bindCondition(expression: Expression, scope: Scope): BoundCondition | BindFault {
  return caught(() => {
    const binder = new Binder(scope)
    return finished(asCondition(binder.bind(expression), scope.dialect), binder) as BoundCondition
  })
}

function caught<T extends object>(bind: () => T): T | BindFault {
  try {
    return bind()
  } catch (error) {
    if (error instanceof BindError) return error.fault
    throw error
  }
}

const ascending = (slots: ReadonlySet<number>): number[] => [...slots].sort((a, b) => a - b)

function finished(bound: Bound, { slots, changedSlots }: Binder): BoundExpression {
  const { type, nullable, constant, evaluate, slot } = bound
  return {
    type,
    nullable,
    slots: ascending(slots),
    changedSlots: ascending(changedSlots),
    copies: slot,
    constant,
    evaluate,
  }
}

class Binder {
  readonly scope: Scope
  readonly slots = new Set<number>()
  readonly changedSlots = new Set<number>()

  constructor(scope: Scope) {
    this.scope = scope
  }

  /** A column alone may be of any type: its bytes can be copied, even where no expression reads them. */
  alone(node: Expression): Bound {
    return node.kind === 'column' || node.kind === 'self' ? this.any(node.at, this.column(node)) : this.bind(node)
  }

  bind(node: Expression): Bound {
    const { dialect } = this.scope
    switch (node.kind) {
      case 'literal':
        return literal(node.at, node.literal)
      case 'placeholder':
        return placeholder(node.at, node.placeholder)
      case 'template':
        return template(node.at, node.parts)
      case 'column':
      case 'self':
        return this.value(node.at, this.column(node))
      case 'call':
        return this.call(node.at, node.name, node.args)
      case 'negate':
        return negate(node.at, this.bind(node.operand), dialect)
      case 'not':
        return negation(node.at, this.condition(node.operand))
      case 'and':
      case 'or':
        return junction(
          node.at,
          node.kind,
          node.operands.map(operand => this.condition(operand)),
        )
      case 'arithmetic': {
        const [left, right] = [this.bind(node.left), this.bind(node.right)]
        if (node.operator !== '||') return arithmetic(node.at, node.operator, left, right, dialect)
        if (left.type.kind === 'boolean' || right.type.kind === 'boolean') refuse(node.at, '|| joins texts: write OR')
        return joined(node.at, [asAnyText(left, dialect), asAnyText(right, dialect)])
      }
      case 'compare':
        return compare(node.at, node.operator, this.bind(node.left), this.bind(node.right), dialect)
      case 'in':
        return this.negated(
          node,
          bindIn(
            node.at,
            this.bind(node.operand),
            node.list.map(item => this.bind(item)),
            node.negated,
            dialect,
          ),
        )
      case 'between':
        return this.negated(
          node,
          bindBetween(node.at, this.bind(node.operand), this.bind(node.low), this.bind(node.high), dialect),
        )
      case 'like':
        return this.negated(
          node,
          bindLike(
            node.at,
            this.bind(node.operand),
            this.bind(node.pattern),
            node.escape && this.bind(node.escape),
            dialect,
          ),
        )
      case 'is':
        return this.is(node)
      case 'case':
        return bindCase(
          node.at,
          node.subject && this.bind(node.subject),
          node.branches.map(({ when, result }) => ({ when: this.bind(when), result: this.bind(result) })),
          node.otherwise && this.bind(node.otherwise),
          dialect,
        )
      case 'cast':
        return {
          ...cast(this.bind(node.operand), castTarget(node.at, node.type, this.scope), dialect),
          at: node.at,
          slot: null,
        }
    }
  }

  private condition(node: Expression): Bound {
    return asCondition(this.bind(node), this.scope.dialect)
  }

  private negated(node: { readonly at: number; readonly negated: boolean }, bound: Bound): Bound {
    return node.negated ? negation(node.at, bound) : bound
  }

  private is(node: Extract<Expression, { kind: 'is' }>): Bound {
    if (node.what !== 'null') return test(node.at, this.condition(node.operand), node.what, node.negated)
    const { operand } = node
    // Also of columns whose values no expression reads.
    const bound = this.alone(operand)
    if (bound.type.kind === 'list') refuse(operand.at, 'a list stands only in IN and array_contains')
    return test(node.at, bound, 'null', node.negated)
  }

  private call(at: number, name: string, args: readonly Expression[]): Bound {
    if (name === CHANGED) return this.changed(at, args)
    const { identity, dialect } = this.scope
    const sqlFunction = Object.hasOwn(sqlFunctions, name) ? (sqlFunctions[name] as SqlFunction) : null
    if (sqlFunction === null) return refuse(at, 'unknown function')
    if (args.length < sqlFunction.least || args.length > sqlFunction.most)
      return refuse(at, 'wrong number of arguments')
    return {
      ...sqlFunction.bind(
        { at, dialect, identity },
        args.map(arg => this.bind(arg)),
      ),
      at,
      slot: null,
    }
  }

  private changed(at: number, args: readonly Expression[]): Bound {
    const slots = args.map(arg => {
      if (arg.kind !== 'column' && arg.kind !== 'self') return refuse(arg.at, 'changed() takes columns')
      const { slot, inside } = this.column(arg)
      if (inside.length > 0) return refuse(arg.at, 'changed() takes whole columns')
      this.changedSlots.add(slot)
      return slot
    })
    return {
      ...constantOf(at, { kind: 'boolean' }, null),
      constant: null,
      evaluate: row => {
        let result: boolean | null = false
        for (const slot of slots) {
          const changed = row.changed(slot)
          if (changed === true) return true
          if (changed === null) result = null
        }
        return result
      },
    }
  }

  private column(node: Extract<Expression, { kind: 'column' | 'self' }>): ScopeColumn {
    if (node.kind === 'self') return this.scope.self ?? refuse(node.at, '{col} has a meaning only in a CUSTOM mask')
    const found = this.scope.column(node.path)
    if (found === 'unknown') return refuse(node.at, `no column ${node.path.join('.')}`)
    if (found === 'ambiguous')
      return refuse(node.at, `more than one column ${node.path.join('.')}: they differ in letter case only`)
    if (found.inside.length > 0 && !hasInside(found.type)) {
      return refuse(node.at, `column ${node.path[0]} is neither JSON nor a struct, so nothing lies inside it`)
    }
    return found
  }

  private value(at: number, column: ScopeColumn): Bound {
    const bound = this.any(at, column)
    if (bound.type.kind === 'opaque') return refuse(at, `the column is ${kindNames.opaque}: only IS NULL takes it`)
    return bound
  }

  private any(at: number, { slot, type, inside }: ScopeColumn): Bound {
    this.slots.add(slot)
    const column: Bound = {
      at,
      type: typeOfColumn(type),
      nullable: type.optional,
      constant: null,
      slot,
      list: [],
      evaluate: row => row.value(slot),
    }
    if (inside.length === 0) return column
    const find = jsonPath(inside)
    return mapped({ ...column, slot: null }, { kind: 'json' }, text => find(text as string), true)
  }
}

function literal(at: number, value: Literal): Bound {
  switch (value.type) {
    case 'null':
      return constantOf(at, { kind: 'null' }, null)
    case 'integer':
      return constantOf(at, { kind: 'integer' }, whole(value.value))
    case 'decimal':
      return constantOf(at, { kind: 'decimal', scale: value.value.scale }, value.value)
    case 'text':
      return constantOf(at, textOf(codePoints(value.value)), value.value)
    case 'timestamp':
      return constantOf(at, { kind: value.zoned ? 'timestamptz' : 'timestamp' }, whole(value.value))
    case 'boolean':
    case 'double':
    case 'date':
      return constantOf(at, { kind: value.type }, value.value)
  }
}

function placeholder(at: number, { value }: Placeholder): Bound {
  if (typeof value === 'string') return constantOf(at, textOf(codePoints(value)), value)
  return { ...constantOf(at, { kind: 'list' }, value.length > 0), list: value }
}

function template(at: number, parts: readonly (string | Placeholder)[]): Bound {
  const text = parts
    .map(part => {
      if (typeof part === 'string') return part
      return typeof part.value === 'string' ? part.value : refuse(at, 'a list of values cannot stand within quotes')
    })
    .join('')
  return constantOf(at, textOf(codePoints(text)), text)
}
