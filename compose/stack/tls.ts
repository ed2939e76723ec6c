import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Paths of PEM files. */
export interface TlsFiles {
  readonly ca: string
  /** Private key and certificate in one file, as Kafka wants a PEM key store. */
  readonly serverKeyStore: string
  readonly clientCert: string
  readonly clientKey: string
}

// X.509 takes so little DER that writing it here costs less than to depend on openssl.
const der = (tag: number, ...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  const hex = body.length.toString(16)
  const length = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex')
  const head = body.length < 128 ? [tag, body.length] : [tag, 0x80 | length.length, ...length]
  return Buffer.concat([Buffer.from(head), body])
}
const sequence = (...parts: Uint8Array[]) => der(0x30, ...parts)
const set = (...parts: Uint8Array[]) => der(0x31, ...parts)
const integer = (bytes: Uint8Array) => der(0x02, bytes)
const objectId = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const octets = (...parts: Uint8Array[]) => der(0x04, ...parts)
const bits = (unused: number, bytes: Uint8Array) => der(0x03, Buffer.from([unused]), bytes)
const yes = der(0x01, Buffer.from([0xff]))
const time = (date: Date) => der(0x18, Buffer.from(date.toISOString().replace(/[-:T]|\.\d+/g, '')))

const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'))
const commonName = (name: string) => sequence(set(sequence(objectId('550403'), der(0x0c, Buffer.from(name)))))
const extension = (id: string, isCritical: boolean, value: Uint8Array) =>
  sequence(objectId(id), ...(isCritical ? [yes] : []), octets(value))

const keyUsage = (flags: number, unused: number) => extension('551d0f', true, bits(unused, Buffer.from([flags])))
const isCa = [extension('551d13', true, sequence(yes)), keyUsage(0x06, 1)] // keyCertSign, cRLSign
const isLeaf = [keyUsage(0x80, 7)] // digitalSignature
const names = extension(
  '551d11',
  false,
  sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1]))),
)

function certificate(
  subject: string,
  key: KeyObject,
  issuer: string,
  issuerKey: KeyObject,
  extensions: Buffer[],
): string {
  const dayMs = 86_400_000
  const serial = randomBytes(16)
  serial[0] = 0x01 // positive, and no leading zero
  const toSign = sequence(
    der(0xa0, integer(Buffer.from([2]))), // version 3
    integer(serial),
    ecdsaWithSha256,
    commonName(issuer),
    sequence(time(new Date(Date.now() - dayMs)), time(new Date(Date.now() + 30 * dayMs))),
    commonName(subject),
    key.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  )
  const whole = sequence(toSign, ecdsaWithSha256, bits(0, sign('sha256', toSign, issuerKey)))
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
const keyPem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString()

/** Makes a certificate authority, a server certificate for localhost and 127.0.0.1, and a client certificate. */
export function makeTls(dir: string, clientName: string): TlsFiles {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const write = (name: string, pem: string) => {
    const path = join(dir, name)
    writeFileSync(path, pem, { mode: 0o600 })
    return path
  }
  const [ca, server, client] = [newKeys(), newKeys(), newKeys()]
  const caName = 'scrim stack test authority'
  const caPem = certificate(caName, ca.publicKey, caName, ca.privateKey, isCa)
  const serverPem = certificate('localhost', server.publicKey, caName, ca.privateKey, [...isLeaf, names])
  const clientPem = certificate(clientName, client.publicKey, caName, ca.privateKey, isLeaf)
  return {
    ca: write('ca.pem', caPem),
    serverKeyStore: write('server.pem', keyPem(server.privateKey) + serverPem + caPem),
    clientCert: write('client.pem', clientPem),
    clientKey: write('client.key', keyPem(client.privateKey)),
  }
}
