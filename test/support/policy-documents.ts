import type { MaskingPolicyDocument, PolicyDocument } from '../../src/policy/document.ts'
import { createSecretKey, type KeyObject } from 'node:crypto'
import { defaultSettings } from '../../src/engine.ts'

/** A policy for the topic `raw.<name>` that masks one column. */
export function aPolicy(name: string, maskType = 'full', column = 'email'): PolicyDocument {
  return {
    name,
    resources: { topic: `raw.${name}` },
    maskingPolicy: { maskingConditions: [{ field: `after.${column}`, maskType }] },
  }
}

export const testKeys: ReadonlyMap<string, KeyObject> = new Map([['default', createSecretKey(Buffer.alloc(32, 7))]])

export const testSettings = defaultSettings

/** The same with a key column that stays as it is. */
export function aKeyedPolicy(name: string): MaskingPolicyDocument {
  const maskingConditions = [
    { field: 'email', maskType: 'full' },
    { field: 'id', maskType: 'none' },
  ]
  return { name, resources: { topic: `raw.${name}` }, maskingPolicy: { maskingConditions } }
}
