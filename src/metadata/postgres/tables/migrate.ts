/** Updates the tables of a database to this version. Many processes may call it at once: one applies the steps. */
import { IndexUnreadable } from '#metadata/index-unreadable.ts'
import type { Connection } from '#metadata/postgres/connections/connection.ts'
import { lockId } from './lock-id.ts'
import { migrations } from './schema.ts'

/** Throws IndexUnreadable if the tables are those of a newer program. */
export async function migrate(connection: Connection, schema: string): Promise<void> {
  if ((await versionOf(connection, schema)) === migrations.length) return
  await connection.query({ text: 'BEGIN' })
  try {
    await connection.query({ text: 'SELECT pg_advisory_xact_lock($1)', values: [String(lockId(schema, 'migrate'))] })
    const version = await versionOf(connection, schema)
    if (version === undefined) {
      // A user without the right to create schemas can use an existing one.
      const made = await connection.query({ text: `SELECT FROM pg_namespace WHERE nspname = '${schema}'` })
      if (made.length === 0) await connection.query({ text: `CREATE SCHEMA ${schema}` })
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

/**
 * Undefined: there are no tables yet. Read from pg_tables: name lookups such as to_regclass may not see a table yet
 * that was created meanwhile.
 */
async function versionOf(connection: Connection, schema: string): Promise<number | undefined> {
  const tables = await connection.query({
    text: `SELECT FROM pg_tables WHERE schemaname = '${schema}' AND tablename = 'migrations'`,
  })
  if (tables.length === 0) return undefined
  const [[found] = []] = await connection.query({ text: `SELECT coalesce(max(version), 0) FROM ${schema}.migrations` })
  const version = Number(found)
  if (version <= migrations.length) return version
  throw new IndexUnreadable(
    `The schema "${schema}" of the database has version ${version}, and this program knows ${migrations.length} at most: ` +
      'a newer release has changed it. Start that release, or a later one.',
  )
}
