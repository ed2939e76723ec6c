/** So many calls in a minute for each name; what is not used adds up to one minute's worth. */
export interface TokenBucket {
  /** Takes one; false where none is left. */
  readonly take: (name: string) => boolean
}

/** Beyond so many names the one that was idle longest is forgotten: names may come from outside. */
const MAX_NAMES = 10_000

export function createTokenBucket(perMinute: number, now: () => number): TokenBucket {
  const left = new Map<string, { calls: number; at: number }>()
  return {
    take: name => {
      const at = now()
      const known = left.get(name) ?? { calls: perMinute, at }
      const calls = Math.min(perMinute, known.calls + ((at - known.at) / 60_000) * perMinute)
      left.delete(name)
      left.set(name, { calls: calls < 1 ? calls : calls - 1, at })
      const idleLongest = left.keys().next().value
      if (left.size > MAX_NAMES && idleLongest !== undefined) left.delete(idleLongest)
      return calls >= 1
    },
  }
}
