/** Brings the tables of a database to what this program knows. Many processes may do so at once: one takes the steps. */
import { IndexUnreadable } from '#metadata/index-unreadable.ts'
import type { Connection } from './connection.ts'
import { sqlStateOf } from './failures.ts'
import { lockId } from './lock-id.ts'
import { migrations } from './schema.ts'

/** IndexUnreadable if a newer program has been here. */
export async function migrate(connection: Connection, schema: string): Promise<void> {
  if ((await versionOf(connection, schema)) === migrations.length) return
  await connection.query({ text: 'BEGIN' })
  try {
    await connection.query({ text: 'SELECT pg_advisory_xact_lock($1)', values: [String(lockId(schema, 'migrate'))] })
    const version = await versionOf(connection, schema)
    if (version === undefined) {
      await connection.query({ text: `CREATE SCHEMA IF NOT EXISTS ${schema}` })
      await connection.query({
        text: `CREATE TABLE ${schema}.migrations (version int4 PRIMARY KEY, taken_at timestamptz NOT NULL DEFAULT now())`,
      })
    }
    for (const [index, migration] of migrations.entries()) {
      if (index < (version ?? 0)) continue
      await connection.query({ text: migration(schema) })
      await connection.query({ text: `INSERT INTO ${schema}.migrations (version) VALUES ($1)`, values: [index + 1] })
    }
    await connection.query({ text: 'COMMIT' })
  } catch (error) {
    if (!connection.isLost) await connection.query({ text: 'ROLLBACK' })
    throw error
  }
}

/** Undefined: nothing is there yet. */
async function versionOf(connection: Connection, schema: string): Promise<number | undefined> {
  const [[table] = []] = await connection.query({ text: `SELECT to_regclass('${schema}.migrations')` })
  if (table === null) return undefined
  const [[found] = []] = await connection.query({ text: `SELECT coalesce(max(version), 0) FROM ${schema}.migrations` })
  const version = Number(found)
  if (version <= migrations.length) return version
  throw new IndexUnreadable(
    `The schema "${schema}" of the database has version ${version}, and this program knows ${migrations.length} at most: ` +
      'a newer release has changed it. Start that release, or a later one.',
  )
}

/** A table that two processes make at once: the second sees what the first has made when it tries again. */
export const isMadeByAnother = (error: unknown): boolean =>
  ['23505', '42P06', '42P07'].includes(sqlStateOf(error) ?? '')
