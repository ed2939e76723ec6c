import { Agent, request } from 'undici'
import { ScrimError } from '../../errors.ts'
import type { RangerAuditSink } from '../../services/ports/ranger-audit.ts'
import { connectOptions, type RangerTls } from './tls.ts'

export interface RangerAuditHttp extends RangerAuditSink {
  readonly close: () => Promise<void>
}

/** Posts events as a JSON array; whatever answers 2xx has taken them. */
export function createRangerAuditHttp({
  url,
  tls,
  timeoutMs = 10_000,
}: {
  /** Credentials in it are sent as Basic authentication. */
  readonly url: URL
  readonly tls: RangerTls
  readonly timeoutMs?: number
}): RangerAuditHttp {
  const address = new URL(url)
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (address.username !== '') {
    const credentials = `${decodeURIComponent(address.username)}:${decodeURIComponent(address.password)}`
    headers.authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
    address.username = ''
    address.password = ''
  }
  const dispatcher = new Agent({ connect: connectOptions(tls, timeoutMs) })
  return {
    close: () => dispatcher.destroy(),
    write: async events => {
      try {
        const { statusCode, body } = await request(address, {
          method: 'POST',
          headers,
          dispatcher,
          body: JSON.stringify(events),
          signal: AbortSignal.timeout(timeoutMs),
        })
        await body.dump()
        if (statusCode < 200 || statusCode > 299)
          throw new ScrimError('RANGER_AUDIT_UNAVAILABLE', { path: `status ${statusCode}` })
      } catch (error) {
        if (error instanceof ScrimError) throw error
        throw new ScrimError('RANGER_AUDIT_UNAVAILABLE', { path: error instanceof Error ? error.name : 'error' })
      }
    },
  }
}
