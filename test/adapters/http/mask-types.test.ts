import { expect, test } from 'vitest'
import { maskTypes } from '../../../src/pipeline/mask/mask-types.ts'
import { bearer, startHttp } from '../../support/http-harness.ts'
import { aPolicy } from '../../support/policy-documents.ts'

test('every mask of the table is shown with its parameters as JSON Schema', async () => {
  const http = await startHttp({ 'a.json': aPolicy('a') })
  const answer = await http.server.app.inject({ url: '/v1/mask-types', headers: bearer('reader') })
  const shown: { name: string; params: { type: string }; [member: string]: unknown }[] = answer.json().maskTypes
  expect(shown.map(({ name }) => name)).toEqual(Object.keys(maskTypes))
  for (const mask of shown) {
    expect(mask).toMatchObject({
      summary: expect.any(String),
      accepts: expect.any(String),
      produces: expect.any(String),
      examples: expect.any(Array),
      params: { type: 'object' },
    })
  }
  expect(shown.find(({ name }) => name === 'hash')).toMatchObject({
    uniqueness: 'preserved',
    mayStandOnKeys: true,
    needsKey: true,
    params: { properties: { keyId: { type: 'string' } } },
  })
  await http.close()
})
