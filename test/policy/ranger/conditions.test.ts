import { describe, expect, test } from 'vitest'
import { expressionText } from '../../../src/policy/ranger/expression-text.ts'
import { parseScript } from '../../../src/policy/ranger/script/parse.ts'
import { runScript } from '../../../src/policy/ranger/script/run.ts'
import type { ScriptRequest } from '../../../src/policy/ranger/script/script-request.ts'
import { readServiceDef } from '../../../src/policy/ranger/service-def.ts'
import { engine, kafkaCdcJson, mask, maskPolicy, policies, request } from './kafka-cdc.ts'

const tag = {
  type: 'PII',
  attributes: new Map([
    ['level', '3'],
    ['until', '2026/06/01'],
  ]),
  matchType: 'SELF' as const,
}

const asked: ScriptRequest = {
  accessType: 'consume',
  accessTime: Date.UTC(2026, 5, 15, 12),
  action: null,
  clientIp: '10.1.2.3',
  clientType: null,
  clusterName: null,
  clusterType: null,
  remoteIp: null,
  forwardedAddresses: [],
  requestData: null,
  elements: new Map([['topic', 'orders']]),
  owner: null,
  user: 'anna',
  groups: ['audit', 'sales'],
  roles: ['clerk'],
  userAttributes: new Map([
    ['dept', 'sales'],
    ['list', 'a,b'],
  ]),
  groupAttributes: new Map([
    ['sales', new Map([['state', 'CA']])],
    ['audit', new Map([['state', 'NV']])],
  ]),
  tags: [tag],
  currentTag: tag,
  context: new Map([['country', 'US']]),
  zoneName: '',
  defaultZone: 'GMT',
}

/** Ranger's words and JavaScript's, as far as conditions use them. */
test.each([
  ["USER.dept == 'sales'", true],
  ["USER.dept === 'hr'", false],
  ["USER._name != 'bert'", true],
  ["USER['dept'] == 'sales' && !IS_IN_GROUP('hr')", true],
  ["USER.nothing == 'x' || UGNAMES.includes('audit')", true],
  ["UGNAMES.indexOf('audit') > -1", true],
  ["URNAMES.includes('boss')", false],
  ["IS_IN_ROLE('clerk') && IS_IN_ANY_GROUP && !IS_NOT_IN_ANY_ROLE", true],
  ['HAS_TAG("PII") && HAS_ANY_TAG && !HAS_NO_TAG', true],
  ["HAS_USER_ATTR('dept') && HAS_UG_ATTR('state') && HAS_TAG_ATTR('level')", true],
  ['TAG.level < 4', true],
  ["TAG.level == 3 && TAG._type.equals('PII')", true],
  ["tagAttr.get('level') > 3", false],
  ["TAGS.PII.level == '3' && TAGNAMES.includes('PII')", true],
  ["['a','b'].includes(USER.list.substring(0, 1))", true],
  ["[[USER.list]].intersects(['b','c'])", true],
  ["[[USER.list,';']].length == 1", true],
  ["UGA.sVal.state == 'NV' && UGA.mVal['state'].includes('CA')", true],
  ["UG.sales.state == 'CA'", true],
  ["GET_USER_ATTR('dept') == 'sales'", true],
  ["GET_USER_ATTR('town', 'x') == 'x'", true],
  ["GET_UG_ATTR_Q('state') == \"'NV','CA'\"", true],
  ["GET_UG_NAMES() == 'audit,sales'", true],
  ["UG_NAMES_Q_CSV == \"'audit','sales'\"", true],
  ["REQ.accessType == 'consume' && RES.topic.startsWith('ord')", true],
  ["REQ.clientIPAddress.endsWith('.3')", true],
  ["ctx.getRequestContextAttribute('country') == 'US'", true],
  ["var c = ctx.getRequestContextAttribute('country'); ctx.result = !!c;", true],
  ["if (USER.dept == 'hr') ctx.result = true;", false],
  ["if (USER.dept == 'hr') { ctx.result = false; } else { ctx.result = true; }", true],
  ["ctx.isAccessedAfter('until')", true],
  ["ctx.isAccessedBefore('until')", false],
  ["IS_ACCESS_TIME_BETWEEN('2026/06/15', '2026/06/16')", true],
  ["IS_ACCESS_TIME_AFTER('2026/06/15 14:00', 'Europe/Berlin')", false],
  ["IS_ACCESS_TIME_AFTER('2026/06/15 13:59', 'Europe/Berlin')", true],
  ["USER.dept == 'sales' ? true : false", true],
  ["USER.dept.toUpperCase() + 1 == 'SALES1'", true],
  ["USER.__proto__ == null && USER['constructor'] == null", true],
])('%s', (source, expected) => {
  const read = parseScript(source)
  if ('fault' in read) throw new Error(read.fault.what)
  expect(runScript(read.script, asked)).toMatchObject({ result: expected })
})

test.each([
  ['java.lang.System.exit(0)'],
  ["USER.dept.replace(/a/, 'b')"],
  ['UGNAMES.filter(x => x)'],
  ['function f() {}'],
  ['eval("1")'],
  ['this'],
  ['constructor'],
  ['ctx.constructor'],
  ['USER.constructor("x")()'],
  ['while (true) {}'],
  ['var USER = 1; USER == 1'],
  ["USER.dept = 'hr'"],
  ['`x`'],
  [''],
  ['USER.dept =='],
  ['('.repeat(500)],
  ['1+'.repeat(5000)],
  ['new Date()'],
])('%s is refused', source => {
  expect(parseScript(source)).toHaveProperty('fault')
})

test('a call of what is not there comes to no result', () => {
  const read = parseScript("USER.town.includes('x')")
  if ('fault' in read) throw new Error(read.fault.what)
  expect(runScript(read.script, asked)).toHaveProperty('fault')
})

test.each([
  ['${{USER.dept}}', 'sales', 'sales'],
  ["in (${{GET_UG_ATTR_Q('state')}})", "in ('NV','CA')", ['NV', 'CA']],
  ['${{UGNAMES}}', 'audit,sales', 'audit,sales'],
  ['x${{USER.town}}y', 'xy', null],
])('expressions in %s', (text, resolved, value) => {
  const expression = expressionText(text)
  expect(expression.fault).toBeNull()
  expect(expression.resolve(asked)).toBe(resolved)
  expect(expression.bind(asked).map(one => one.value)).toEqual([value])
})

describe('conditions of a service-def', () => {
  const evaluators = {
    ip: { evaluator: 'a.b.RangerIpMatcher' },
    hours: { evaluator: 'a.b.RangerTimeOfDayMatcher' },
    country: {
      evaluator: 'a.b.RangerContextAttributeValueInCondition',
      evaluatorOptions: { attributeName: 'country' },
    },
    abroad: {
      evaluator: 'a.b.RangerContextAttributeValueNotInCondition',
      evaluatorOptions: { attributeName: 'country' },
    },
    cluster: { evaluator: 'a.b.RangerAccessedFromClusterCondition' },
    tags: { evaluator: 'a.b.RangerTagsAllPresentConditionEvaluator' },
    someTag: { evaluator: 'a.b.RangerAnyOfExpectedTagsPresentConditionEvaluator' },
    noTag: { evaluator: 'a.b.RangerNoneOfExpectedTagsPresentConditionEvaluator' },
    valid: { evaluator: 'a.b.RangerValidityScheduleConditionEvaluator' },
    script: { evaluator: 'a.b.RangerScriptConditionEvaluator' },
    expired: {
      evaluator: 'a.b.RangerScriptTemplateConditionEvaluator',
      evaluatorOptions: { scriptTemplate: "ctx.isAccessedAfter('until')" },
    },
  }
  const serviceDef = readServiceDef({
    ...Object(kafkaCdcJson),
    policyConditions: Object.entries(evaluators).map(([name, def]) => ({ name, ...def })),
  }).value
  if (serviceDef === null) throw new Error('no service-def')
  const withCondition = (type: string, values: readonly string[]) =>
    engine(policies(maskPolicy('a', 'orders', 'email', [mask('MASK', { conditions: [{ type, values }] })])), {
      serviceDef,
    })

  test.each([
    ['ip', ['10.1.*'], true],
    ['ip', ['10.2.*'], false],
    ['ip', ['10.1.2.3'], true],
    ['ip', ['*'], true],
    ['hours', ['9am-5pm'], true],
    ['hours', ['1 pm - 5 pm'], false],
    ['hours', ['10pm-12:00 PM'], true],
    ['country', ['US'], true],
    ['country', ['DE'], false],
    ['abroad', ['US'], false],
    ['cluster', ['one'], true],
    ['cluster', ['two'], false],
    ['tags', ['PII'], true],
    ['tags', ['PII', 'X'], false],
    ['someTag', ['X', 'PII'], true],
    ['noTag', ['PII'], false],
    ['valid', ['{"startTime":"2026/06/15 12:00:00"}'], true],
    ['valid', ['{"startTime":"2026/06/15 12:00:01"}'], false],
    ['script', ["USER._name == 'anna'"], true],
    ['expired', ['yes'], true],
    ['expired', ['no'], false],
  ])('%s %j', (type, values, holds) => {
    const decision = withCondition(type, values).evaluate(
      1,
      request({
        clientIp: '10.1.2.3',
        clusterName: 'one',
        context: new Map([['country', 'US']]),
        tags: [{ ...tag, validityPeriods: [] }],
      }),
    )
    expect(decision.mask?.maskType ?? null).toBe(holds ? 'MASK' : null)
  })

  test('every one has to hold', () => {
    const conditions = [
      { type: 'script', values: ["USER._name == 'anna'"] },
      { type: 'script', values: ["USER._name == 'bert'"] },
    ]
    const both = maskPolicy('a', 'orders', 'email', [mask('MASK')], { conditions })
    const one = maskPolicy('a', 'orders', 'email', [mask('MASK')], { conditions: conditions.slice(0, 1) })
    expect(engine(policies(both), { serviceDef }).evaluate(1, request()).mask).toBeNull()
    expect(engine(policies(one), { serviceDef }).evaluate(1, request()).mask).not.toBeNull()
  })

  test.each([
    ['unknown', ['x'], 'no condition unknown'],
    ['script', ['java.lang.Runtime'], 'not known'],
    ['hours', ['noon'], 'like 9am-5pm'],
    ['valid', ['{'], 'cannot be read'],
  ])('%s %j is a problem of the policy', (type, values, words) => {
    const { problems } = withCondition(type, values)
    expect(problems).toMatchObject([
      {
        code: 'POLICY_CONDITION',
        severity: 'error',
        where: { policy: 'a', path: 'dataMaskPolicyItems[0].conditions[0]' },
      },
    ])
    expect(problems[0]?.detail).toContain(words)
  })

  test('what came to no result is told, and denies', () => {
    const decision = withCondition('script', ["USER.town.includes('x')"]).evaluate(1, request())
    expect(decision.isAllowed).toBe(false)
    expect(decision.faults).toHaveLength(1)
  })
})
