import { randomBytes } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Jvm } from './jvm.ts'
import type { Keeper } from './keeper.ts'
import { createPart, type Part } from './part.ts'
import { freePorts } from './ports.ts'
import { makeTls } from './tls.ts'
import { ownerTag } from './work-dir.ts'

/** What `secure` adds. Clients reach `Cluster.bootstrap` by SASL_SSL with any of the three mechanisms. */
export interface Security {
  /** Path of the PEM file of the authority that signed the brokers' certificates. */
  readonly ca: string
  /** `admin` may do everything, `scrim` only what ACLs grant: nothing at first. Known to PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512. */
  readonly users: Readonly<Record<'admin' | 'scrim', { readonly username: string; readonly password: string }>>
  /** A second listener, for clients with a certificate (SSL, no SASL); `principal` is who ACLs have to name. */
  readonly mtls: {
    readonly bootstrap: string
    readonly cert: string
    readonly key: string
    readonly principal: string
  }
}

/** Brokers that are ready for clients; each is a KRaft controller too. */
export interface Cluster {
  readonly bootstrap: string
  /** Plain text, and everything is allowed: for Connect and for tests that look behind the ACLs. */
  readonly internalBootstrap: string
  readonly parts: readonly Part[]
  readonly security: Security | undefined
}

/** Settings of a broker or a worker beyond or instead of our own. */
export type Props = Readonly<Record<string, string | number | boolean>>

/** What `startCluster` needs. */
export interface ClusterRecipe {
  readonly keeper: Keeper
  readonly jvm: Jvm
  readonly signal: AbortSignal
  readonly brokers: number
  readonly secure: boolean
  readonly heap: string
  readonly props: Props
  /** Called with the internal bootstrap addresses before the brokers are up. */
  readonly onAddresses?: (internalBootstrap: string) => void
}

const mtlsUser = 'scrim-mtls'
const addresses = (ports: readonly number[]) => ports.map(port => `127.0.0.1:${port}`).join(',')

/** The text of a Java properties file. */
export function propertiesText(props: Props): string {
  return Object.entries(props)
    .map(([key, value]) => `${key}=${String(value).replaceAll('\\', '\\\\')}\n`)
    .join('')
}

/** Formats and starts the brokers, and answers when all are ready. */
export async function startCluster(recipe: ClusterRecipe): Promise<Cluster> {
  const { keeper, jvm, signal, brokers, heap } = recipe
  const nodes = Array.from({ length: brokers }, (_, i) => i)
  const ports = await freePorts(brokers * 4)
  const [client, internal, controller, mtls] = [0, 1, 2, 3].map(i => ports.slice(i * brokers, (i + 1) * brokers)) as [
    number[],
    number[],
    number[],
    number[],
  ]
  recipe.onAddresses?.(addresses(internal))
  const security = recipe.secure ? makeSecurity(keeper.dir, addresses(mtls)) : undefined

  const dataDir = (i: number) => join(keeper.dir, `kafka-${i + 1}`)
  const files = nodes.map(i => {
    const listeners = [`CLIENT://127.0.0.1:${client[i]}`, `INTERNAL://127.0.0.1:${internal[i]}`]
    if (security) listeners.push(`MTLS://127.0.0.1:${mtls[i]}`)
    const file = join(keeper.dir, `broker-${i + 1}.properties`)
    const text = propertiesText({
      'node.id': i + 1,
      // A static quorum: the same text for one node or three, and no --standalone at the format.
      'controller.quorum.voters': nodes.map(n => `${n + 1}@127.0.0.1:${controller[n]}`).join(','),
      listeners: [...listeners, `CONTROLLER://127.0.0.1:${controller[i]}`].join(','),
      'advertised.listeners': listeners.join(','),
      'log.dirs': dataDir(i),
      ...brokerProps(brokers),
      ...(security ? securityProps(security, keeper.dir) : {}),
      ...recipe.props,
    })
    writeFileSync(file, text, { mode: 0o600 })
    return file
  })

  await format(recipe, files[0] ?? '', nodes.map(dataDir), security)

  const parts = nodes.map(i => {
    const launch = { archive: 'broker', heap, main: 'kafka.Kafka', args: [files[i] ?? ''] }
    return createPart(keeper, signal, {
      name: `broker-${i + 1}`,
      // One of them writes the archive, or they would write over each other's.
      launch: () => (i === 0 ? jvm.launchRecording(launch) : jvm.launch(launch)),
      isReady: output => output.includes('Kafka Server started'),
      stopSignal: 'SIGTERM',
      onStopped: () => i === 0 && jvm.adopt('broker'),
    })
  })
  await Promise.all(parts.map(part => part.start()))
  return { bootstrap: addresses(client), internalBootstrap: addresses(internal), parts, security }
}

function brokerProps(brokers: number): Props {
  const replicas = brokers
  const minInSync = brokers > 1 ? 2 : 1
  return {
    'process.roles': 'broker,controller',
    'listener.security.protocol.map': 'CLIENT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'INTERNAL',
    'default.replication.factor': replicas,
    'min.insync.replicas': minInSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': minInSync,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': minInSync,
    'share.coordinator.state.topic.num.partitions': 1,
    'num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000, // consumers of tests may ask to be missed sooner than the usual 6 s
    // A broker that was killed is let in again only when its old session has ended (9 s by default).
    'broker.session.timeout.ms': brokers > 1 ? 4000 : 2000,
    'broker.heartbeat.interval.ms': 400,
    'log.cleaner.dedupe.buffer.size': 8_388_608, // 128 MB by default, taken at the start: too much for a small heap
    'num.network.threads': 2,
    'num.io.threads': 4,
    'num.recovery.threads.per.data.dir': 1,
    'controlled.shutdown.max.retries': 1,
    'message.max.bytes': 10_485_760,
    'replica.fetch.max.bytes': 10_485_760,
  }
}

function makeSecurity(dir: string, mtlsBootstrap: string): Security {
  const { ca, clientCert, clientKey } = makeTls(join(dir, 'tls'), mtlsUser)
  const user = (username: string) => ({ username, password: randomBytes(12).toString('hex') })
  return {
    ca,
    users: { admin: user('admin'), scrim: user('scrim') },
    mtls: { bootstrap: mtlsBootstrap, cert: clientCert, key: clientKey, principal: `User:${mtlsUser}` },
  }
}

function securityProps({ ca, users }: Security, dir: string): Props {
  const jaas = 'org.apache.kafka.common.security'
  const plainUsers = Object.values(users)
    .map(({ username, password }) => `user_${username}="${password}"`)
    .join(' ')
  const keyStore = (listener: string) => ({
    [`listener.name.${listener}.ssl.keystore.type`]: 'PEM',
    [`listener.name.${listener}.ssl.keystore.location`]: join(dir, 'tls', 'server.pem'),
  })
  return {
    'listener.security.protocol.map': 'CLIENT:SASL_SSL,MTLS:SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.client.plain.sasl.jaas.config': `${jaas}.plain.PlainLoginModule required ${plainUsers};`,
    'listener.name.client.scram-sha-256.sasl.jaas.config': `${jaas}.scram.ScramLoginModule required;`,
    'listener.name.client.scram-sha-512.sasl.jaas.config': `${jaas}.scram.ScramLoginModule required;`,
    ...keyStore('client'),
    ...keyStore('mtls'),
    'listener.name.mtls.ssl.client.auth': 'required',
    'listener.name.mtls.ssl.truststore.type': 'PEM',
    'listener.name.mtls.ssl.truststore.location': ca,
    'ssl.principal.mapping.rules': 'RULE:^CN=(.*?)$/$1/,DEFAULT',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    // ANONYMOUS is whoever comes by the plain-text internal listener.
    'super.users': 'User:admin;User:ANONYMOUS',
    'allow.everyone.if.no.acl.found': false,
  }
}

// Formatting is a JVM start for two small files. Without users the second is the same for every cluster, so it is kept.
async function format(recipe: ClusterRecipe, file: string, dataDirs: string[], security?: Security): Promise<void> {
  const { jvm, keeper, signal } = recipe
  // 16 bytes as base64url. Beware: the tool reads a leading "-" as an option, and the broker refuses all zeros.
  const newId = () => `k${randomBytes(16).toString('base64url').slice(1, 21)}A`
  const clusterId = newId()
  const kept = join(jvm.dist, 'bootstrap.checkpoint')
  let checkpoint = kept
  if (security || !existsSync(kept)) {
    const made = dataDirs[0] ?? ''
    const scram = Object.values(security?.users ?? {}).flatMap(({ username, password }) =>
      ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap(kind => [
        '--add-scram',
        `${kind}=[name=${username},password=${password}]`,
      ]),
    )
    const args = ['format', '-t', clusterId, '-c', file, ...scram]
    const tool = jvm.launch({ archive: 'broker', heap: '128m', main: 'kafka.tools.StorageTool', args })
    await keeper.run('kafka-storage', tool, signal)
    checkpoint = join(keeper.dir, 'bootstrap.checkpoint')
    renameSync(join(made, 'bootstrap.checkpoint'), checkpoint)
    rmSync(made, { recursive: true })
    if (!security) keep(checkpoint, kept)
  }
  dataDirs.forEach((dir, i) => {
    mkdirSync(dir)
    copyFileSync(checkpoint, join(dir, 'bootstrap.checkpoint'))
    const meta = { version: 1, 'cluster.id': clusterId, 'node.id': i + 1, 'directory.id': newId() }
    writeFileSync(join(dir, 'meta.properties'), propertiesText(meta))
  })
}

function keep(from: string, kept: string): void {
  const beside = `${kept}.partial-${ownerTag()}`
  try {
    copyFileSync(from, beside)
    renameSync(beside, kept)
  } catch {
    // Another user's download, which we may only read: the next start formats again.
  }
}
