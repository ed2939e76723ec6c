import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errorCatalogue } from '../../src/errors.ts'
import { findingCodes } from '../../src/services/finding-codes.ts'

test('every code of the list is used: that every one used is in the list is a matter of types', () => {
  const source = ['src/services', 'src/commands']
    .flatMap(folder => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name => join(folder, name)))
    .filter(path => path.endsWith('.ts') && !path.endsWith('finding-codes.ts'))
    .map(path => readFileSync(path, 'utf8'))
    .join('\n')
  expect(Object.keys(findingCodes).filter(code => !source.includes(`'${code}'`))).toEqual([])
})

test('no code is both a finding and an error', () => {
  expect(Object.keys(findingCodes).filter(code => code in errorCatalogue)).toEqual([])
})
