import { describe, expect, test } from 'vitest'
import { afterFailure, type Circuit, circuitState, closedCircuit } from '../../src/services/circuit.ts'

const limits = { failures: 3, firstMs: 1_000, mostMs: 8_000 }
const failing = (times: number, random = () => 1, from: Circuit = closedCircuit): Circuit[] => {
  const found: Circuit[] = []
  let circuit = from
  for (let n = 0; n < times; n++) found.push((circuit = afterFailure(circuit, limits, 100, random)))
  return found
}

describe('a circuit', () => {
  test('opens at the third failure in a row, and for twice as long with each after it, up to a limit', () => {
    expect(failing(8).map(({ until }) => until)).toEqual([0, 0, 1_100, 2_100, 4_100, 8_100, 8_100, 8_100])
  })

  test('half of the time is left to chance', () => {
    expect(failing(4, () => 0).map(({ until }) => until)).toEqual([0, 0, 600, 1_100])
  })

  test('lets one call through when its time is over', () => {
    const open = failing(3).at(-1) as Circuit
    expect([99, 1_099, 1_100, 5_000].map(now => circuitState(open, now))).toEqual([
      'open',
      'open',
      'half open',
      'half open',
    ])
    const again = afterFailure(open, limits, 2_000, () => 1)
    expect(circuitState(again, 3_999)).toBe('open')
    expect(circuitState(closedCircuit, 0)).toBe('closed')
  })
})
