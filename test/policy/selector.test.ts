import { describe, expect, test } from 'vitest'
import { namePick, type Path, type Pick } from '../../src/pipeline/mask/inside/path.ts'
import { readSelector, type SelectorDialect } from '../../src/policy/selector.ts'

/** `name`, `name! path` for a part, `*` for every column, `?` in front of a guess. */
function told(field: string, dialect?: SelectorDialect): string[] | string {
  const read = readSelector(field, dialect)
  if ('problem' in read) return read.problem
  return read.targets.map(({ column, inside, isGuess }) => {
    const path = inside === null ? '' : `! ${inside.map(stepText).join(' ')}`
    return `${isGuess ? '?' : ''}${column ?? '*'}${path}`
  })
}

function stepText(step: Path[number]): string {
  if (step.kind === 'parent') return '^'
  return `${step.kind === 'descendant' ? '..' : ''}${step.picks.map(pickText).join(',')}`
}

function pickText(pick: Pick): string {
  switch (pick.kind) {
    case 'name':
      return pick.name
    case 'reach':
      return `~${pick.name}`
    case 'any':
      return '*'
    case 'within':
      return '*?'
    case 'index':
      return `[${pick.index}]`
    case 'slice':
      return `[${pick.start ?? ''}:${pick.stop ?? ''}:${pick.step}]`
    case 'filter':
      return '[?]'
  }
}

describe('columns', () => {
  test.each([
    ['email', ['email']],
    ['after.email', ['email', '?after! ~email']],
    ['before.email', ['email', '?before! ~email']],
    ['key.email', ['email', '?key! ~email']],
    ['payload.after.email', ['email', '?after! ~email']],
    ['payload.email', ['email', '?payload! ~email']],
    ['$.after.email', ['email', '?after! email']],
    ["$.after['e mail']", ['e mail', '?after! e mail']],
    ['$.after["a.b"]', ['a.b', '?after! a.b']],
    ['$["payload"]["after"]["आधार"]', ['आधार', '?after! आधार']],
    ['$.email', ['email']],
    ['$.after["a","b"]', ['a', 'b', '?after! a,b']],
    ['after', ['after']],
    ['key', ['key']],
    ['after.after', ['after', '?after! ~after']],
    ['after.__proto__', ['__proto__', '?after! ~__proto__']],
    ['$.constructor.prototype', ['constructor! prototype']],
    ['after.*', ['*']],
    ['*', ['*']],
    ['$.after.*', ['*']],
    ['a-b c', ['a-b c']],
  ])('%s', (field, targets) => {
    expect(told(field)).toEqual(targets)
  })
})

describe('parts of columns', () => {
  test.each([
    ['address.city', ['address! ~city']],
    ['after.address.city', ['address! ~city', '?after! ~address ~city']],
    ['contacts.*.phone', ['contacts! *? ~phone']],
    ['address.*', ['address! *']],
    ['profile.phones[*].number', ['profile! ~phones *? ~number']],
    ['profile.phones[0].number', ['profile! ~phones [0] ~number']],
    ["profile['a.b'][-1]", ['profile! ~a.b [-1]']],
    ['after.*.phone', ['*! ~phone']],
    ['$.address.city', ['address! city']],
    ['$.after.*.phone', ['*! phone']],
    ['$.doc.a[1:2]["b",0,*]', ['doc! a [1:2:1] b,[0],*']],
    ['$.doc..phone', ['doc! ..phone']],
    ['$.doc[?@.kind=="home"].number', ['doc! [?] number']],
    ['$..phone', ['phone', '*! ..phone']],
    ['$..address.city', ['address! city', '*! ..address city']],
  ])('%s', (field, targets) => {
    expect(told(field)).toEqual(targets)
  })
})

describe('what is refused, and why', () => {
  test.each([
    ["$.after['*']", 'names no single column'],
    ['$..*', 'descends from the row to more than a name'],
    ['$.after[0]', 'names no single column'],
    ['$.after[?@.x]', 'names no single column'],
    ['$.after[1:2]', 'names no single column'],
    ['$', 'names no column'],
    ['$.', 'is no path of RFC 9535, at position'],
    ['$after', 'is no path of RFC 9535, at position 2'],
    ['$.doc[?@.a=1]', 'is no path of RFC 9535, at position'],
    ['$.doc[?match(@.a, "x(")]', 'has a pattern that is no I-Regexp, or too large, at position 8'],
    ['$.doc[?lower(@.a) == "x"]', 'is no path of RFC 9535, at position'],
    ['$.doc[?@.a == $.after.b]', 'has a filter that starts at $'],
    ['$.doc[?count($..a) > 1].x', 'has a filter that starts at $'],
    [' $.doc', 'is no path of RFC 9535, at position 1'],
    ['after.', 'is no dotted name, at position 6'],
    ['.email', 'is no dotted name, at position 1'],
    ['a..b', 'is no dotted name, at position 2'],
    ['a[', 'is no dotted name, at position 2'],
    ['a[1', 'is no dotted name, at position 2'],
    ['[0].a', 'is no dotted name, at position 1'],
    ['a]b', 'is no dotted name, at position 2'],
    ['', 'is empty'],
  ])('%s', (field, problem) => {
    expect(told(field)).toContain(problem)
  })
})

describe('the dialect of jsonpath-plus', () => {
  test.each([
    ['$.after.email', ['email', '?after! email']],
    ['$.doc.phones[0].number', ['doc! phones [0],0 number']],
    ["$.doc['a b','c']..d", ['doc! a b,c ..d']],
    ['$.doc[a,b][*]', ['doc! a,b *']],
    ['$.doc.list[-2:]', ['doc! list [-2::1]']],
    ['$.doc.list[0:6:2]', ['doc! list [0:6:2]']],
    ["$.doc..book[?(@.price < 10 && !(@.sold) || @['a'].length === 2)].title", ['doc! ..book [?] title']],
    ['$.doc.a.b^.c', ['doc! a b ^ c']],
    ['$..phone', ['phone', '*! ..phone']],
    ['address.city', ['address! ~city']],
  ])('%s', (field, targets) => {
    expect(told(field, 'jsonpath-plus')).toEqual(targets)
  })

  test.each([
    ['$.doc.a~', 'selects a name, which is no value, at position 8'],
    ['$.doc.a^', 'leads out of its column'],
    ['$.doc.a.b^^', 'leads out of its column'],
    ['$.doc..a^', 'leads out of its column'],
    ['$.after^', 'names no column'],
    ['$.doc[-1]', 'a negative index'],
    ['$.doc[(@.length-1)]', 'not offered in this dialect'],
    ['$.doc.a@string()', 'not offered in this dialect'],
    ['$.doc.`a`', 'not offered in this dialect'],
    ['$.doc[1:0:-1]', 'not offered in this dialect'],
    ['$.doc..', 'not offered in this dialect'],
    ['$.doc[', 'not offered in this dialect'],
    ["$.doc['a\\'b']", 'not offered in this dialect'],
    ['$.doc[?(@.a.match(/x/))]', 'a filter that is not offered'],
    ['$.doc[?(@.constructor.constructor("return 1")())]', 'a filter that is not offered'],
    ['$.doc[?(process.exit())]', 'a filter that is not offered'],
    ['$.doc[?(@[0] == 1)]', 'a filter that is not offered'],
    ["$.doc[?(@['0'] == 1)]", 'a filter that is not offered'],
    ['$.doc[?(!@.a == 1)]', 'a filter that is not offered'],
    ['$.doc[?(@.a = 1)]', 'a filter that is not offered'],
    ['$.doc[?(`${@.a}`)]', 'a filter that is not offered'],
    ['$.doc[?(@.a, @.b)]', 'a filter that is not offered'],
    ['$.doc[?(@.a ? 1 : 2)]', 'a filter that is not offered'],
    ['$.doc[?(@.a + 1 == 2)]', 'a filter that is not offered'],
    ['$.doc[?(@path)]', 'a filter that is not offered'],
    ['$.doc[?(@parent.a)]', 'a filter that is not offered'],
    ['$.doc[?(@root.a)]', 'a filter that is not offered'],
    ['$.doc[?(() => 1)]', 'a filter that is not offered'],
    ['$.doc[?(new Date())]', 'a filter that is not offered'],
    ['$.doc[?(@.a == "\\u0041")]', 'a filter that is not offered'],
    ['$.doc[?(@.a', 'a filter that is not offered'],
    [`$.doc[?(${'('.repeat(40)}@.a${')'.repeat(40)})]`, 'nested too deeply'],
    ['$.doc[?@.a == 1]', 'not offered in this dialect'],
  ])('%s', (field, problem) => {
    expect(told(field, 'jsonpath-plus')).toContain(problem)
  })
})

test('a name is looked for by its usual spelling', () => {
  expect(namePick('na"me').literal.toString()).toBe('"na\\"me"')
})
