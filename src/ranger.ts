import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { createRangerAuditTable } from './adapters/postgres/ranger-audit.ts'
import type { Database } from './adapters/postgres/pool.ts'
import { createRangerClient } from './adapters/ranger/admin-client.ts'
import { createRangerAuditFile } from './adapters/ranger/audit-file.ts'
import { createRangerAuditHttp } from './adapters/ranger/audit-http.ts'
import { createRangerCache } from './adapters/ranger/download-cache.ts'
import { type Config, ConfigError } from './config.ts'
import { parseStrictJson } from './policy/strict-json.ts'
import type { Probe } from './services/dependencies.ts'
import type { Log } from './services/ports/log.ts'
import { createRangerAudit, type RangerAudit } from './services/ranger-audit.ts'
import { createRangerAuditCopy } from './services/ranger-audit-copy.ts'
import type { ReadinessOptions } from './services/readiness.ts'
import { createRangerSource, type RangerSource, type RangerSourceOptions } from './services/ranger-source.ts'

export interface RangerWiring {
  readonly config: Config
  readonly metrics: RangerSourceOptions['metrics'] & Parameters<typeof createRangerAuditCopy>[0]['metrics']
  readonly log: Log
}

/** All that has to do with Ranger. */
export interface RangerParts {
  /** What the stream tells of its batches. */
  readonly stream: { readonly rangerAudit?: RangerAudit }
  readonly probes: readonly Probe[]
  readonly readiness: Required<Pick<ReadinessOptions, 'ranger' | 'further'>>
  /** Until the signal. */
  readonly run: (signal: AbortSignal) => Promise<void>
  readonly close: () => Promise<void>
}

/** The wiring of a Ranger Admin as a source of policies, and of audit events in Ranger's form. */
export function createRangerParts(
  wiring: RangerWiring,
  policies: RangerSourceOptions['policies'],
  postgres: { readonly database: Database; readonly clusterId: () => Promise<string> },
): RangerParts {
  const source = createPolicySource(policies, wiring)
  const copy = createAuditParts(wiring, postgres)
  return {
    stream: copy === null ? {} : { rangerAudit: copy.audit },
    probes: source === null ? [] : [{ name: 'ranger', ask: async () => source.dependency().code }],
    readiness: { ranger: () => source?.status() ?? [], further: () => copy?.notices() ?? [] },
    run: async signal => void (await Promise.all([source?.run(signal), copy?.run(signal)])),
    close: async () => void (await Promise.all([source?.close(), copy?.close()])),
  }
}

/** Null where no Ranger Admin is named. */
function createPolicySource(
  policies: RangerSourceOptions['policies'],
  { config, metrics, log }: RangerWiring,
): (RangerSource & { readonly close: () => Promise<void> }) | null {
  const { rangerUrl, rangerServices: services } = config
  checkRanger(config)
  if (rangerUrl === null) return null
  const admin = createRangerClient({
    url: rangerUrl,
    user: config.rangerUser,
    password: config.rangerPassword,
    token: config.rangerToken,
    tls: tlsOf(config),
    host: hostname(),
    clusterName: config.sourceSystem,
    parseJson: parseStrictJson,
  })
  const folder = config.rangerCacheDir ?? config.cacheDir
  const cache = folder === null ? null : createRangerCache({ folder, parseJson: parseStrictJson })
  const source = createRangerSource({ admin, services, policies, cache, pollMs: config.rangerPollMs, metrics, log })
  return { ...source, close: admin.close }
}

/** What is half said would leave topics without policies that somebody counts on, or send a credential to nobody. */
function checkRanger(config: Config): void {
  const { rangerUrl, rangerServices, rangerUser, rangerPassword, rangerToken, rangerCert, rangerKey } = config
  const problems = [
    rangerUrl === null && rangerServices.length > 0 ? 'SCRIM_RANGER_URL: is needed for SCRIM_RANGER_SERVICES' : '',
    rangerUrl !== null && rangerServices.length === 0 ? 'SCRIM_RANGER_SERVICES: is needed with SCRIM_RANGER_URL' : '',
    rangerUser !== null && rangerToken !== null ? 'SCRIM_RANGER_TOKEN: and SCRIM_RANGER_USER are both set' : '',
    rangerUser === null && rangerPassword !== null ? 'SCRIM_RANGER_USER: is needed for SCRIM_RANGER_PASSWORD' : '',
    (rangerCert === null) !== (rangerKey === null)
      ? 'SCRIM_RANGER_SSL_CERT and SCRIM_RANGER_SSL_KEY: need each other'
      : '',
  ].filter(problem => problem !== '')
  if (problems.length > 0) throw new ConfigError(problems)
}

interface AuditParts {
  readonly audit: RangerAudit
  readonly notices: () => readonly string[]
  /** Until the signal. */
  readonly run: (signal: AbortSignal) => Promise<void>
  readonly close: () => Promise<void>
}

/** Null where nobody wants them. */
function createAuditParts(
  { config, metrics, log }: RangerWiring,
  { database, clusterId }: { readonly database: Database; readonly clusterId: () => Promise<string> },
): AuditParts | null {
  const { rangerAudit: target } = config
  if (target === null) return null
  const names = async () => ({
    clusterId: await clusterId(),
    clusterName: config.sourceSystem,
    host: hostname(),
    session: config.group,
  })
  if (target === 'postgres') {
    const audit = createRangerAudit({ sink: createRangerAuditTable({ database }), names })
    return { audit, notices: () => [], run: async () => undefined, close: async () => undefined }
  }
  const sink =
    target.protocol === 'file:'
      ? createRangerAuditFile({ path: fileURLToPath(target) })
      : createRangerAuditHttp({ url: target, tls: tlsOf(config) })
  const copy = createRangerAuditCopy({ sink, metrics, log })
  const close = () => copy.finish().finally(sink.close)
  return { audit: createRangerAudit({ sink: copy, names }), notices: copy.notices, run: copy.run, close }
}

const tlsOf = ({ rangerCa: ca, rangerCert: cert, rangerKey: key }: Config) => ({ ca, cert, key })
