import { tame } from '../../policy/tame.ts'

/** Answers of a running Scrim as text for people. */

type Row = Readonly<Record<string, unknown>>

/** Columns as wide as what stands in them; two spaces between. */
export function table(heads: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = [heads, ...rows.map(row => row.map(cell))]
  const widths = heads.map((_, column) => Math.max(...cells.map(row => row[column]?.length ?? 0)))
  return cells
    .map(
      row =>
        `${row
          .map((text, column) => text.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

const cell = (value: unknown): string =>
  tame(value === null || value === undefined ? '-' : typeof value === 'object' ? JSON.stringify(value) : String(value))

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Row)[name] : undefined
const list = (value: unknown, name: string): readonly Row[] => {
  const found = member(value, name)
  return Array.isArray(found) ? found : []
}

export const pretty = (body: unknown): string => `${JSON.stringify(body, null, 2).split('\n').map(tame).join('\n')}\n`

export function setText(body: unknown): string {
  const policies = list(body, 'policies')
  const rows = policies.map(policy => [
    policy.name,
    policy.isEnabled === false ? 'disabled' : 'enabled',
    member(policy.resources, 'topic') ?? member(policy.tableSchema, 'topic') ?? policy.resources,
  ])
  return `${line(`version ${cell(member(body, 'version'))} by ${cell(member(body, 'author'))}`)}${table(['POLICY', 'STATE', 'TOPIC'], rows)}`
}

export function versionsText(body: unknown): string {
  const pinned = member(body, 'pinned')
  const rows = list(body, 'versions').map(({ version, at, author, approver, origin, reason }) => [
    version === pinned ? `${cell(version)} (pinned)` : version,
    at,
    author,
    approver,
    origin,
    reason,
  ])
  return table(['VERSION', 'TIME', 'AUTHOR', 'APPROVED BY', 'FROM', 'REASON'], rows)
}

export function proposalsText(body: unknown): string {
  const rows = list(body, 'proposals').map(({ id, state, action, author, at, baseVersion, reason, closed }) => [
    id,
    state,
    action,
    author,
    at,
    baseVersion,
    member(closed, 'by'),
    reason,
  ])
  return table(['PROPOSAL', 'STATE', 'WHAT', 'AUTHOR', 'TIME', 'ON VERSION', 'CLOSED BY', 'REASON'], rows)
}

export function instancesText(body: unknown): string {
  const rows = list(body, 'instances').map(({ host, clientId, id, version, state, since, lastSeenAt, code }) => [
    host,
    clientId,
    id,
    version,
    state,
    since,
    lastSeenAt,
    code,
  ])
  const heads = ['HOST', 'CLIENT', 'INSTANCE', 'VERSION', 'STATE', 'SINCE', 'LAST SEEN', 'CODE']
  return `${line(`version ${cell(member(body, 'current'))} counts`)}${table(heads, rows)}`
}

/** What became of a change: a version, or a proposal that waits. */
export function changeText(body: unknown): string {
  const warnings = list(body, 'warnings').map(({ code, detail, where }) =>
    line(
      `warning ${cell(code)} at ${cell(member(where, 'topic') ?? member(where, 'policy') ?? where)}: ${cell(detail)}`,
    ),
  )
  const proposal = member(body, 'proposal')
  const id = typeof proposal === 'object' ? member(proposal, 'id') : proposal
  const version = `version ${cell(member(body, 'version'))} is in force`
  const said =
    proposal !== undefined && member(body, 'version') === undefined
      ? `proposal ${cell(id)} waits for another one: scrim policies approve ${cell(id)} --reason …`
      : proposal !== undefined
        ? `proposal ${cell(id)} is approved; ${version}`
        : member(body, 'isNew') === false
          ? `nothing changed; ${version}`
          : version
  return `${warnings.join('')}${line(said)}`
}

export const closedText = (body: unknown): string =>
  line(`proposal ${cell(member(body, 'id'))} is ${cell(member(body, 'state'))}`)

const line = (text: string): string => `${text}\n`
