import { readFileSync } from 'node:fs'
import { createRangerEngine, type RangerEngineInput } from '../../../src/policy/ranger/engine.ts'
import type { RangerPolicy } from '../../../src/policy/ranger/policy.ts'
import type { RangerRequest } from '../../../src/policy/ranger/request.ts'
import { readServiceDef, type ServiceDef } from '../../../src/policy/ranger/service-def.ts'
import { readPolicies } from '../../../src/policy/ranger/service-policies.ts'

const path = new URL('../../../src/policy/ranger/servicedef-kafka-cdc.json', import.meta.url)

export const kafkaCdcJson: unknown = JSON.parse(readFileSync(path, 'utf8'))

export function kafkaCdc(): ServiceDef {
  const { value } = readServiceDef(kafkaCdcJson)
  if (value === null) throw new Error('the service-def cannot be read')
  return value
}

type Item = Readonly<Record<string, unknown>>
type Policy = Readonly<Record<string, unknown>>

export const consume = [{ type: 'consume' }]
export const everybody: Item = { accesses: consume, groups: ['public'] }

/** A mask for everybody, unless the item says for whom. */
export const mask = (maskType: string, item: Item = {}): Item => ({
  ...everybody,
  dataMaskInfo: { dataMaskType: maskType },
  ...item,
})

export const maskPolicy = (
  name: string,
  topic: string,
  field: string,
  items: readonly Item[],
  more: Policy = {},
): Policy => ({
  name,
  policyType: 1,
  resources: { topic: { values: [topic] }, field: { values: [field] } },
  dataMaskPolicyItems: items,
  ...more,
})

export const filterPolicy = (name: string, topic: string, filterExpr: string | null, more: Policy = {}): Policy => ({
  name,
  policyType: 2,
  resources: { topic: { values: [topic] } },
  rowFilterPolicyItems: [{ ...everybody, rowFilterInfo: filterExpr === null ? {} : { filterExpr } }],
  ...more,
})

export const accessPolicy = (name: string, topic: string, more: Policy): Policy => ({
  name,
  policyType: 0,
  resources: { topic: { values: [topic] } },
  ...more,
})

/** Policies with ids in the order of the list. */
export function policies(...all: readonly Policy[]): readonly RangerPolicy[] {
  const { value, problems } = readPolicies(all.map((policy, at) => ({ id: at + 1, ...policy })))
  if (problems.length > 0) throw new Error(JSON.stringify(problems))
  return value
}

export const noon = Date.UTC(2026, 5, 15, 12)

export const request = (more: Partial<RangerRequest> = {}): RangerRequest => ({
  elements: { topic: 'orders', field: 'email' },
  accessType: 'consume',
  user: 'anna',
  groups: ['sales'],
  accessTime: noon,
  ...more,
})

export const engine = (all: readonly RangerPolicy[], more: Partial<RangerEngineInput> = {}) =>
  createRangerEngine({ serviceDef: kafkaCdc(), policies: all, ...more })

/** The mask type that these policies come to for a request. */
export function maskOf(
  all: readonly Policy[],
  more: Partial<RangerRequest> = {},
  setting: Partial<RangerEngineInput> = {},
): string | null {
  return engine(policies(...all), setting).evaluate(1, request(more)).mask?.maskType ?? null
}

export function mayConsume(
  all: readonly Policy[],
  more: Partial<RangerRequest> = {},
  setting: Partial<RangerEngineInput> = {},
): boolean {
  return engine(policies(...all), setting).evaluate(0, request({ elements: { topic: 'orders' }, ...more })).isAllowed
}
