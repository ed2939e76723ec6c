import { expect, test } from 'vitest'
import { type CrashPoint, createCrashWorld, steps } from '../support/proof/crash-world.ts'
import { createPeople, peoplePolicy } from '../support/proof/people.ts'
import { createRandom } from '../support/random.ts'

const topic = 'w.people'
const worldOf = (seed: number) => {
  const people = createPeople({ topic, partitions: 3, seed, keys: 12, poison: 0.1 })
  const records = Array.from({ length: 240 }, () => people.next()).flat()
  return createCrashWorld({ topic, records, documents: [peoplePolicy(topic)], batchRecords: 15 })
}

const points = steps.flatMap(step =>
  (['before', 'after'] as const).map((when): [string, CrashPoint['step'], CrashPoint['when']] => [
    `${when} ${step}`,
    step,
    when,
  ]),
)

test.each(points)(
  'a process that ends %s repeats and never loses, leaks or leaves out a row',
  async (_, step, when) => {
    for (const nth of [1, 4]) {
      const world = worldOf(nth)
      expect(await world.live({ step, when, nth })).toBe('crashed')
      expect(await world.live(null)).toBe('done')
      const verdict = world.judge()
      expect(verdict).toMatchObject({ faults: [] })
      expect(verdict.rejected).toBeGreaterThan(0)
      // A commit is what makes the difference; before it the batch comes again. (Other partitions may be under way.)
      if (nth === 1 && !(step === 'publish' && when === 'before')) expect(verdict.repeated).toBeGreaterThan(0)
    }
  },
)

test.each(steps)(
  'a process that is told to stop during %s finishes what is under way, and nothing is repeated',
  async step => {
    const world = worldOf(4)
    expect(await world.live({ step, when: 'in order', nth: 2 })).toBe('stopped')
    expect(await world.live(null)).toBe('done')
    expect(world.judge()).toMatchObject({ faults: [], repeated: 0 })
  },
)

test('many lives in a row, each ending somewhere', async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = createRandom(seed)
    const world = worldOf(seed)
    for (let life = 0; life < 8; life++)
      await world.live({
        step: random.pick(steps),
        when: random.pick(['before', 'after', 'in order']),
        nth: 1 + random.below(6),
      })
    expect(await world.live(null)).toBe('done')
    expect({ seed, ...world.judge() }).toMatchObject({ faults: [] })
  }
})
