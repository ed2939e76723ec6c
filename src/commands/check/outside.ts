import { createConnectClient } from '../../adapters/connect/rest-client.ts'
import { createPool } from '../../adapters/postgres/pool.ts'
import { readSourceFacts } from '../../adapters/postgres/source-check.ts'
import { ScrimError } from '../../errors.ts'
import { type ConnectorContext, connectorFindings, reselectionOf } from '../../services/connector-findings.ts'
import type { Finding } from '../../services/ports/checks.ts'
import { type Reselection, type SourceContext, sourceFindings } from '../../services/source-findings.ts'
import { findingOf } from './report.ts'

/** The settings of all connectors; a Connect that does not answer is a finding. */
export async function checkConnectors(
  url: string,
  context: ConnectorContext,
): Promise<{ readonly findings: readonly Finding[]; readonly reselection: Reselection | null }> {
  try {
    const connectors = await createConnectClient({ url }).configs()
    return { findings: connectorFindings(connectors, context), reselection: reselectionOf(connectors) }
  } catch (error) {
    return { findings: [unreachable(error, 'Kafka Connect')], reselection: null }
  }
}

/** The source database; one that does not answer, or not to this role, is a finding. */
export async function checkSource(url: string, context: SourceContext): Promise<readonly Finding[]> {
  const database = createPool(url, { applicationName: 'scrim check', max: 1 })
  try {
    return sourceFindings(await readSourceFacts({ database }), context)
  } catch (error) {
    return [unreachable(error, 'source database')]
  } finally {
    await database.end()
  }
}

function unreachable(error: unknown, what: string): Finding {
  if (!(error instanceof ScrimError)) throw error
  return {
    ...findingOf({ code: error.code, severity: 'error', where: { policy: what, ...error.where } }),
    hint: hints[what] ?? error.hint,
  }
}

// The catalogue's hints speak of the database and the Connect of a running service.
const hints: Readonly<Record<string, string>> = {
  'Kafka Connect': 'Look at the URL of --connect, and whether Kafka Connect is up.',
  'source database':
    'Look at the URL of --source: host, port, database, role, and PGPASSWORD where it holds no password.',
}
