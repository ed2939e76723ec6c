/** How many cases a property tries: SCRIM_PROPERTY_RUNS multiplies the default. */
export function runs(byDefault: number): number {
  const factor = Number(process.env.SCRIM_PROPERTY_RUNS ?? 1)
  return Math.max(1, Math.round(byDefault * (Number.isFinite(factor) && factor > 0 ? factor : 1)))
}
