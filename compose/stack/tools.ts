import { execFile } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** One program from outside npm: what was found, or what is missing and how to get it. */
export interface Tool {
  readonly ok: boolean
  /** The version, or in words what is wrong. */
  readonly found: string
  /** One line that installs it on Debian; empty when all is well. */
  readonly hint: string
}

/** What decides between the two ways to run the stack: Java with Maven, or Docker. */
export interface Tools {
  readonly java: Tool
  readonly mvn: Tool
  readonly docker: Tool
}

const run = promisify(execFile)
const oldestJava = 17

/** The java to use: of JAVA_HOME when that is set, else the first on the PATH. */
export function javaCommand(): string {
  return process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java'
}

/** A text that changes when another Java is installed, without starting it. */
export function javaIdentity(): string {
  const command = javaCommand()
  const path = command.includes('/')
    ? command
    : (process.env.PATH ?? '')
        .split(delimiter)
        .map(dir => join(dir, command))
        .find(file => existsSync(file))
  if (!path) return 'none'
  const real = realpathSync(path)
  try {
    return real + readFileSync(join(dirname(real), '..', 'release'), 'utf8')
  } catch {
    return real
  }
}

/** Looks for Java >= 17, Maven, and a Docker engine that answers. */
export async function detectTools(): Promise<Tools> {
  const [java, mvn, docker] = await Promise.all([detectJava(), detectMaven(), detectDocker()])
  return { java, mvn, docker }
}

async function detectJava(): Promise<Tool> {
  const hint = 'sudo apt-get install -y openjdk-17-jre-headless'
  try {
    const { stderr } = await run(javaCommand(), ['-version'], { timeout: 20_000 })
    const version = /version "([^"]+)"/.exec(stderr)?.[1] ?? 'unknown'
    // Java 8 and older call themselves 1.8.
    const major = Number(/^(?:1\.)?(\d+)/.exec(version)?.[1])
    if (major >= oldestJava) return { ok: true, found: version, hint: '' }
    return { ok: false, found: `Java ${version} is older than ${oldestJava}`, hint }
  } catch (error) {
    const home = process.env.JAVA_HOME
    if (!home) return { ok: false, found: `no java: ${reason(error)}`, hint }
    return { ok: false, found: `no java in JAVA_HOME=${home}: ${reason(error)}`, hint: `unset JAVA_HOME; ${hint}` }
  }
}

async function detectMaven(): Promise<Tool> {
  try {
    const { stdout } = await run('mvn', ['--version'], { timeout: 20_000 })
    // Coloured when Maven takes the output for a terminal.
    return { ok: true, found: /Maven (\d[\w.-]*)/.exec(stdout)?.[1] ?? 'unknown', hint: '' }
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    if (isMissing) return { ok: false, found: 'no mvn', hint: 'sudo apt-get install -y maven' }
    return { ok: false, found: `mvn does not run: ${reason(error)}`, hint: 'see to Java first: Maven needs it' }
  }
}

async function detectDocker(): Promise<Tool> {
  try {
    const { stdout } = await run('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 5000 })
    return { ok: true, found: stdout.trim(), hint: '' }
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const hint = isMissing
      ? 'sudo apt-get install -y docker.io docker-compose-v2'
      : 'sudo systemctl start docker && sudo usermod -aG docker "$USER" && newgrp docker'
    return { ok: false, found: isMissing ? 'no docker' : `no engine answers: ${reason(error)}`, hint }
  }
}

function reason(error: unknown): string {
  const { code, stderr, message } = error as { code?: unknown; stderr?: string; message: string }
  if (code === 'ENOENT') return 'not found'
  return (stderr?.trim().split('\n').at(-1) || message).slice(0, 200)
}
