/** Lets in so many at a time, the others in order of arrival. */
export interface Gate {
  /** Resolves when there is room; what it gives must be called once to leave. */
  readonly enter: () => Promise<() => void>
}

export function createGate(size: number): Gate {
  const waiting: (() => void)[] = []
  let inside = 0
  const leave = (): void => {
    const next = waiting.shift()
    if (next === undefined) inside--
    else next()
  }
  return {
    enter: async () => {
      if (inside < size) inside++
      else await new Promise<void>(resolve => waiting.push(resolve))
      return leave
    },
  }
}
