import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hierarchiesOf } from '../../src/policy/ranger/hierarchies.ts'
import { policyTypes } from '../../src/policy/ranger/policy.ts'
import { readServiceDef } from '../../src/policy/ranger/service-def.ts'
import { detectShape } from '../../src/policy/ranger/shape.ts'
import { absence, hasAnyCase, hasCases, isChosen, list, manifest, object, serviceDefFiles, total } from './cases.ts'

describe.skipIf(!hasCases)(hasCases ? 'service-defs' : absence, () => {
  const expected = new Map(
    list(manifest?.serviceDefs).map(entry => [basename(String(object(entry).file), '.json'), object(entry)]),
  )

  test.each(serviceDefFiles.map(file => [file.name, file] as const))('%s', (name, { json }) => {
    expect(detectShape(json)).toBe('service-def')
    const { value, problems } = readServiceDef(json)
    expect(problems).toEqual([])
    const counts = {
      name: value?.name,
      resources: value?.resources.length,
      accessTypes: value?.accessTypes.length,
      maskTypes: value?.dataMask?.maskTypes.size ?? 0,
      rowFilterResources: value?.rowFilter?.resources.length ?? 0,
    }
    const { name: ofName, resources, accessTypes, maskTypes, rowFilterResources } = expected.get(name) ?? {}
    if (manifest !== null)
      expect(counts).toEqual({ name: ofName, resources, accessTypes, maskTypes, rowFilterResources })
    for (const type of value === null ? [] : policyTypes) {
      const chains = hierarchiesOf(value!, type)
      expect(chains.every(chain => chain.every((def, at) => at === 0 || def.parent === chain[at - 1]?.name))).toBe(true)
    }
  })

  test.runIf(total('serviceDefs') !== null)('as many as there are to be', () => {
    expect(serviceDefFiles.length).toBe(total('serviceDefs'))
  })
})

test.runIf(isChosen)('a folder that was chosen has cases', () => {
  expect(hasAnyCase, absence).toBe(true)
})
