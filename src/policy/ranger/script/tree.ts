/** A condition or expression of a policy as it was read: the part of JavaScript that such texts use, and no more. */
export type Node =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null | undefined }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'array'; readonly items: readonly Node[] }
  | { readonly kind: 'member'; readonly of: Node; readonly key: Node }
  | { readonly kind: 'call'; readonly of: Node; readonly method: string; readonly args: readonly Node[] }
  /** `[[text,'|']]`: the parts of a text. */
  | { readonly kind: 'split'; readonly of: Node; readonly by: string }
  | { readonly kind: 'unary'; readonly operator: '!' | '-' | '+'; readonly of: Node }
  | { readonly kind: 'binary'; readonly operator: BinaryOperator; readonly left: Node; readonly right: Node }
  | { readonly kind: 'choice'; readonly test: Node; readonly then: Node; readonly otherwise: Node }

export type BinaryOperator =
  | '&&'
  | '||'
  | '=='
  | '==='
  | '!='
  | '!=='
  | '<'
  | '<='
  | '>'
  | '>='
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'

export type Statement =
  | { readonly kind: 'expression'; readonly value: Node }
  | { readonly kind: 'let'; readonly name: string; readonly value: Node }
  /** `ctx.result = ...`: what the condition comes to. */
  | { readonly kind: 'result'; readonly value: Node }
  | { readonly kind: 'if'; readonly test: Node; readonly then: Statement; readonly otherwise: Statement | null }
  | { readonly kind: 'block'; readonly body: readonly Statement[] }

/** Every node of a tree, with those below it. */
export function* nodesOf(node: Node): Generator<Node> {
  const waiting: Node[] = [node]
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    yield one
    if (one.kind === 'array') waiting.push(...one.items)
    else if (one.kind === 'member') waiting.push(one.of, one.key)
    else if (one.kind === 'call') waiting.push(one.of, ...one.args)
    else if (one.kind === 'split' || one.kind === 'unary') waiting.push(one.of)
    else if (one.kind === 'binary') waiting.push(one.left, one.right)
    else if (one.kind === 'choice') waiting.push(one.test, one.then, one.otherwise)
  }
}

export function* nodesIn(statements: readonly Statement[]): Generator<Node> {
  for (const statement of statements) {
    if (statement.kind === 'block') yield* nodesIn(statement.body)
    else if (statement.kind === 'if') {
      yield* nodesOf(statement.test)
      yield* nodesIn(statement.otherwise === null ? [statement.then] : [statement.then, statement.otherwise])
    } else yield* nodesOf(statement.value)
  }
}
