import { describe, expect, test } from 'vitest'
import { createApp } from '../src/app.ts'
import { type ConfigError, readConfig } from '../src/config.ts'
import { createQuietLog } from './support/quiet-log.ts'

/** Why these keys are refused; empty where they are not. */
function problems(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env)
    return []
  } catch (error) {
    return (error as ConfigError).problems
  }
}

describe('keys of a Ranger Admin', () => {
  test.each([
    ['off', null],
    ['postgres', 'postgres'],
    ['file:/logs/ranger.log', 'file:///logs/ranger.log'],
    ['file:///logs/ranger.log', 'file:///logs/ranger.log'],
    ['https://u:p@audit/x', 'https://u:p@audit/x'],
  ])('SCRIM_RANGER_AUDIT=%s', (text, wanted) => {
    expect(String(readConfig({ SCRIM_RANGER_AUDIT: text }).rangerAudit)).toBe(String(wanted))
  })
  test.each(['file:logs/ranger.log', 'file://host/x', 'file:', 'ftp://x', 'on'])(
    'SCRIM_RANGER_AUDIT=%s is refused',
    text => {
      expect(problems({ SCRIM_RANGER_AUDIT: text })).toEqual([expect.stringMatching(/^SCRIM_RANGER_AUDIT: must be/)])
    },
  )
  test.each(['../x', 'a/b', 'a,a', '.x', 'a\\b'])('SCRIM_RANGER_SERVICES=%s is refused', text => {
    expect(problems({ SCRIM_RANGER_SERVICES: text })).toHaveLength(1)
  })

  const base = { SCRIM_DATABASE_URL: 'postgres://scrim@127.0.0.1:1/scrim', SCRIM_AUDIT_KEY: '00'.repeat(32) }
  const url = { SCRIM_RANGER_URL: 'https://ranger:6182' }
  const both = { ...url, SCRIM_RANGER_SERVICES: 'cl1' }
  test.each<[Record<string, string>, string]>([
    [url, 'SCRIM_RANGER_SERVICES: is needed with SCRIM_RANGER_URL'],
    [{ SCRIM_RANGER_SERVICES: 'cl1' }, 'SCRIM_RANGER_URL: is needed for SCRIM_RANGER_SERVICES'],
    [
      { ...both, SCRIM_RANGER_USER: 'u', SCRIM_RANGER_TOKEN: 't' },
      'SCRIM_RANGER_TOKEN: and SCRIM_RANGER_USER are both set',
    ],
    [{ ...both, SCRIM_RANGER_PASSWORD: 'p' }, 'SCRIM_RANGER_USER: is needed for SCRIM_RANGER_PASSWORD'],
  ])('what is half said is refused: %j', async (env, problem) => {
    const app = createApp(readConfig({ ...base, ...env }), createQuietLog())
    await expect(app).rejects.toMatchObject({ code: 'CONFIG_INVALID', problems: [problem] })
  })
})
