import { ctxFunctions, ctxProperties } from './names.ts'
import { callCtx } from './ctx-functions.ts'
import { rootValue, type ScriptRequest } from './script-request.ts'
import type { BinaryOperator, Node, Statement } from './tree.ts'
import {
  areEqual,
  isLess,
  isMap,
  isTrue,
  memberOf,
  numberOf,
  ScriptError,
  textOf,
  type Value,
  valueMethods,
} from './value.ts'

interface Run {
  readonly request: ScriptRequest
  readonly locals: Map<string, Value>
  result: boolean
}

export type Outcome = { readonly value: Value; readonly result: boolean } | { readonly fault: string }

/** Runs a script for a request. Whatever it cannot do is a fault; Ranger would log it and take the condition as not met. */
export function runScript(script: readonly Statement[], request: ScriptRequest): Outcome {
  const run: Run = { request, locals: new Map(), result: false }
  try {
    let value: Value
    for (const statement of script) value = runStatement(statement, run)
    return { value, result: typeof value === 'boolean' ? value : run.result }
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error
    return { fault: error.message }
  }
}

function runStatement(statement: Statement, run: Run): Value {
  switch (statement.kind) {
    case 'expression':
      return evaluate(statement.value, run)
    case 'let':
      run.locals.set(statement.name, evaluate(statement.value, run))
      return undefined
    case 'result': {
      const value = evaluate(statement.value, run)
      run.result = isTrue(value)
      return run.result
    }
    case 'if':
      if (isTrue(evaluate(statement.test, run))) return runStatement(statement.then, run)
      return statement.otherwise === null ? undefined : runStatement(statement.otherwise, run)
    case 'block': {
      let value: Value
      for (const inner of statement.body) value = runStatement(inner, run)
      return value
    }
  }
}

function evaluate(node: Node, run: Run): Value {
  switch (node.kind) {
    case 'literal':
      return node.value
    case 'name':
      return run.locals.has(node.name) ? run.locals.get(node.name) : rootValue(node.name, run.request)
    case 'array':
      return node.items.map(item => evaluate(item, run))
    case 'member':
      return member(node.of, node.key, run)
    case 'call':
      return call(node, run)
    case 'split': {
      const of = evaluate(node.of, run)
      if (typeof of !== 'string') throw new ScriptError('only a text can be split')
      return of.split(node.by)
    }
    case 'unary': {
      const of = evaluate(node.of, run)
      return node.operator === '!' ? !isTrue(of) : node.operator === '-' ? -numberOf(of) : numberOf(of)
    }
    case 'binary':
      return binary(node.operator, node.left, node.right, run)
    case 'choice':
      return evaluate(isTrue(evaluate(node.test, run)) ? node.then : node.otherwise, run)
  }
}

function member(of: Node, key: Node, run: Run): Value {
  if (of.kind === 'name' && of.name === 'ctx' && key.kind === 'literal') {
    const name = ctxProperties.get(String(key.value))
    if (name === 'getResult') return run.result
    return name === undefined ? undefined : callCtx(name, [], run.request)
  }
  return memberOf(evaluate(of, run), evaluate(key, run))
}

function call({ of, method, args }: Node & { kind: 'call' }, run: Run): Value {
  const values = args.map(arg => evaluate(arg, run))
  if (of.kind === 'name' && of.name === 'ctx') {
    const name = Object.hasOwn(ctxFunctions, method) ? ctxFunctions[method] : undefined
    if (name === 'getResult') return run.result
    return name === undefined ? undefined : callCtx(name, values, run.request)
  }
  const target = evaluate(of, run)
  if (isMap(target) && method === 'getType') return target.get('_type')
  if (isMap(target) && method === 'getAttributes') return target
  const found = Object.hasOwn(valueMethods, method) ? valueMethods[method] : undefined
  if (found === undefined) throw new ScriptError(`no function ${method} here`)
  return found(target, values)
}

function binary(operator: BinaryOperator, leftNode: Node, rightNode: Node, run: Run): Value {
  const left = evaluate(leftNode, run)
  if (operator === '&&') return isTrue(left) ? evaluate(rightNode, run) : left
  if (operator === '||') return isTrue(left) ? left : evaluate(rightNode, run)
  const right = evaluate(rightNode, run)
  switch (operator) {
    case '==':
      return areEqual(left, right)
    case '!=':
      return !areEqual(left, right)
    case '===':
      return left === right
    case '!==':
      return left !== right
    case '<':
      return isLess(left, right, false)
    case '<=':
      return isLess(left, right, true)
    case '>':
      return isLess(right, left, false)
    case '>=':
      return isLess(right, left, true)
    case '+':
      return typeof left === 'string' ||
        typeof right === 'string' ||
        typeof left === 'object' ||
        typeof right === 'object'
        ? textOf(left) + textOf(right)
        : numberOf(left) + numberOf(right)
    case '-':
      return numberOf(left) - numberOf(right)
    case '*':
      return numberOf(left) * numberOf(right)
    case '/':
      return numberOf(left) / numberOf(right)
    case '%':
      return numberOf(left) % numberOf(right)
  }
}
