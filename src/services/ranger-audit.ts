import type { RangerAuditSink } from './ports/ranger-audit.ts'
import { type RangerEventNames, rangerEvents, type SettledBatch } from './ranger-events.ts'

/** Tells in Ranger's form what was done to a batch. */
export interface RangerAudit {
  /** Resolves when the sink has taken it. */
  readonly tell: (batch: SettledBatch) => Promise<void>
}

export function createRangerAudit(options: {
  readonly sink: RangerAuditSink
  readonly names: () => Promise<RangerEventNames>
  readonly now?: () => number
}): RangerAudit {
  const { sink, now = Date.now } = options
  let number = 0
  return {
    tell: async batch => {
      const names = await options.names()
      const events = rangerEvents(batch, names, now(), () => ++number)
      if (events.length > 0) await sink.write(events)
    },
  }
}
