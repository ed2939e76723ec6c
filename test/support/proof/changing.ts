import type pg from 'pg'
import { type Change, changes } from '../../../compose/demo/changes.ts'
import { readRows } from '../../../compose/demo/compare-rows.ts'
import { connect } from '../../../compose/demo/databases.ts'
import { until } from '../stack/until.ts'

/** Changes the warehouse until it is stopped: rounds of inserts, updates, key changes and deletes. */
export interface Changing {
  /** Changes that Postgres has acknowledged. */
  readonly made: () => number
  /** Resolves when the one that was begun is made. Nothing changes any more. */
  readonly stop: () => Promise<void>
}

/** Goes on through outages of Postgres. What an outage breaks off is not repeated: an application's user would see an error. */
export function startChanging(sourceUrl: string, everyMs = 100): Changing {
  let made = 0
  let isStopped = false
  let wake = (): void => {}
  const running = (async () => {
    let client = await connect(sourceUrl)
    for (let n = 1; !isStopped; n++)
      for (const change of roundOf(n)) {
        if (isStopped) break
        try {
          await change.run(client)
          made++
        } catch (error) {
          if (await answers(client)) throw error
          client = await until('Postgres', () => connect(sourceUrl), 900_000)
        }
        await new Promise<void>(resolve => {
          wake = resolve
          setTimeout(resolve, everyMs)
        })
      }
    await client.end()
  })()
  running.catch(() => {})
  return {
    made: () => made,
    stop: () => {
      isStopped = true
      wake()
      return running
    },
  }
}

/** Every other round leaves its rows where they are. */
const roundOf = (n: number): readonly Change[] =>
  n % 2 === 0 ? changes(n) : changes(n).filter(({ title }) => !title.startsWith('delete'))

const answers = (client: pg.Client): Promise<boolean> =>
  client.query('select').then(
    () => true,
    () => false,
  )

/** The last round that shows in a table of the source or of the target; 0 before the first. */
export async function roundIn(client: pg.Client, table: 'golden_records' | 'profile_data'): Promise<number> {
  const [row] = await readRows(client, table, ['updated_by'], 'golden_record_id = 1001')
  return Number(/^operator (\d+)$/.exec(row?.updated_by ?? '')?.[1] ?? 0)
}
