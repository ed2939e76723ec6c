/** PEM; null: what Node has by itself, or no client certificate. */
export interface RangerTls {
  readonly ca: Buffer | null
  readonly cert: Buffer | null
  readonly key: Buffer | null
}

export const connectOptions = ({ ca, cert, key }: RangerTls, timeoutMs: number) => ({
  timeout: Math.min(timeoutMs, 10_000),
  ...(ca === null ? {} : { ca }),
  ...(cert === null ? {} : { cert }),
  ...(key === null ? {} : { key }),
})
