import { describe, expect, test } from 'vitest'
import type { PublishedKey, PublishedKeyStore } from '../../src/services/ports/policies.ts'

/** What every PublishedKeyStore promises; run over the one in memory and the one in Postgres. */
export function publishedKeyStoreContract(name: string, open: () => PublishedKeyStore): void {
  describe(`${name} keeps the promises of a store of published keys`, () => {
    const key = (maskedTopic: string, column: string, change: Partial<PublishedKey> = {}): PublishedKey => ({
      topic: 'raw.a',
      maskedTopic,
      column,
      mask: 'hash {"length":64}',
      keyId: 'default',
      keyCheck: '0123456789abcdef',
      ...change,
    })
    const anna = { author: 'anna', reason: 'emptied' }

    test('what comes first stays, until it is forgotten', async () => {
      const store = open()
      const first = [key('a.masked', 'id'), key('a.masked', 'Größe'), key('b.masked', 'id')]
      for (const one of first) await store.remember([one])
      await store.remember([key('a.masked', 'id', { mask: 'none', keyId: null, keyCheck: null })])
      expect(await store.all()).toEqual(expect.arrayContaining(first))
      expect(await store.all()).toHaveLength(3)
      expect(await store.forget('a.masked', anna)).toEqual(['Größe', 'id'])
      expect(await store.forget('a.masked', anna)).toEqual([])
      expect(await store.all()).toEqual([key('b.masked', 'id')])
      const again = key('a.masked', 'id', { mask: 'none', keyId: null, keyCheck: null })
      await store.remember([again])
      expect(await store.all()).toEqual(expect.arrayContaining([again, key('b.masked', 'id')]))
      await store.forget('a.masked', anna)
      await store.forget('b.masked', anna)
    })

    test('what was forgotten last is not learnt again until something else has been', async () => {
      const store = open()
      const of = (topic: string) => async () =>
        (await store.all())
          .filter(({ maskedTopic }) => maskedTopic === topic)
          .map(({ column, mask }) => `${column} ${mask.split(' ')[0]}`)
          .sort()
      const kept = of('d.masked')
      const [a, b] = [key('d.masked', 'a'), key('d.masked', 'b', { mask: 'none', keyId: null, keyCheck: null })]
      const clear = key('d.masked', 'a', { mask: 'none', keyId: null, keyCheck: null })
      await store.remember([a, b])
      await store.forget('d.masked', anna)
      await store.remember([a, b])
      await store.remember([{ ...a, keyId: 'the same key under another id' }])
      await store.remember([b])
      expect(await kept()).toEqual([])
      // The columns of one key are learnt as one, those that stay as they were too; and now any more.
      await store.remember([b, clear])
      expect(await kept()).toEqual(['a none', 'b none'])
      await store.remember([a])
      expect(await kept()).toEqual(['a none', 'b none'])
      await store.forget('d.masked', anna)
      expect(await store.forget('d.masked', anna)).toEqual([])
      await store.remember([clear])
      expect(await kept()).toEqual([])
      // Only what was forgotten last counts.
      await store.remember([a])
      await store.remember([b])
      expect(await kept()).toEqual(['a hash', 'b none'])
      await store.forget('d.masked', anna)
      await store.remember([{ ...a, keyCheck: 'fedcba9876543210' }])
      expect(await kept()).toEqual(['a hash'])
      await store.remember([key('e.masked', 'a')])
      expect(await of('e.masked')()).toEqual(['a hash'])
      await store.forget('d.masked', anna)
      await store.forget('e.masked', anna)
    })

    test('a raw topic whose masked topic was forgotten is known all the same', async () => {
      const store = open()
      await store.remember([key('f.masked', 'a', { topic: 'f' }), key('f.masked', 'b', { topic: 'f' })])
      await store.remember([key('g.masked', 'a', { topic: 'g' })])
      await store.forget('f.masked', anna)
      const known = (await store.topics()).filter(topic => /^[fg]/.test(topic))
      expect(known.sort()).toEqual(['f', 'g'])
      await store.forget('g.masked', anna)
    })

    test('of many at once one is kept', async () => {
      const store = open()
      const masks = Array.from({ length: 20 }, (_, n) => `hash {"length":${n + 32}}`)
      await Promise.all(masks.map(mask => store.remember([key('c.masked', 'id', { mask })])))
      expect(await store.all()).toHaveLength(1)
    })
  })
}
