import { errorCatalogue, ScrimError } from '../errors.ts'
import { backOffMs, pause } from './back-off.ts'
import type { Log } from './ports/log.ts'
import type { RangerAuditSink, RangerEvent } from './ports/ranger-audit.ts'

export interface RangerAuditCopyOptions {
  readonly sink: RangerAuditSink
  readonly metrics: { readonly rangerAudit: (waiting: number, newlyLost: number) => void }
  readonly log: Log
  /** More than these do not wait. */
  readonly maxEvents?: number
  readonly longestPauseMs?: number
}

/**
 * A copy of the audit that must never stop the gate: what cannot be written yet waits in a bounded buffer, what does not
 * fit is lost and counted. The audit that is whole stands in Postgres.
 */
export interface RangerAuditCopy extends RangerAuditSink {
  /** Writes until the signal; resolves when nothing is under way. */
  readonly run: (signal: AbortSignal) => Promise<void>
  /** Tries once what is left, when nothing more is told: batches are settled after the signal too. */
  readonly finish: () => Promise<void>
  /** What somebody should know; empty where all is written. */
  readonly notices: () => readonly string[]
}

const CHUNK = 500

export function createRangerAuditCopy(options: RangerAuditCopyOptions): RangerAuditCopy {
  const { sink, metrics, log, maxEvents = 20_000, longestPauseMs = 60_000 } = options
  let waiting: RangerEvent[] = []
  let lost = 0
  let failures = 0
  let wake: (() => void) | null = null

  function add(events: readonly RangerEvent[]): void {
    const room = Math.max(0, maxEvents - waiting.length)
    if (events.length > room && lost === 0)
      log.error({ code: 'RANGER_AUDIT_UNAVAILABLE' }, errorCatalogue.RANGER_AUDIT_UNAVAILABLE.message)
    const newlyLost = Math.max(0, events.length - room)
    lost += newlyLost
    waiting.push(...events.slice(0, room))
    metrics.rangerAudit(waiting.length, newlyLost)
    wake?.()
  }

  /** False where the sink does not take it. */
  async function writeSome(): Promise<boolean> {
    const some = waiting.slice(0, CHUNK)
    try {
      await sink.write(some)
    } catch (error) {
      if (!(error instanceof ScrimError)) throw error
      if (failures++ === 0) log.warn({ code: error.code, path: error.where.path }, errorCatalogue[error.code].message)
      return false
    }
    waiting = waiting.slice(some.length)
    failures = 0
    metrics.rangerAudit(waiting.length, 0)
    return true
  }

  async function somethingToWrite(signal: AbortSignal): Promise<void> {
    if (waiting.length > 0 || signal.aborted) return
    await new Promise<void>(resolve => {
      wake = resolve
    })
    wake = null
  }

  return {
    write: async events => add(events),
    notices: () => {
      if (failures === 0 && lost === 0) return []
      const { message } = errorCatalogue.RANGER_AUDIT_UNAVAILABLE
      return [
        `RANGER_AUDIT_UNAVAILABLE: ${failures > 0 ? message : 'the copy of audit events has gaps'}; ${waiting.length} wait, ${lost} are lost`,
      ]
    },
    run: async signal => {
      signal.addEventListener('abort', () => wake?.(), { once: true })
      while (!signal.aborted) {
        await somethingToWrite(signal)
        if (waiting.length > 0 && !(await writeSome()))
          await pause(backOffMs(failures, { mostMs: longestPauseMs }), signal)
      }
    },
    finish: async () => {
      while (waiting.length > 0 && (await writeSome()));
    },
  }
}
