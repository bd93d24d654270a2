/**
 * Checks by trial what commits rely on. Databases that speak PostgreSQL's protocol may accept advisory locks and lock
 * nothing, or run READ COMMITTED as another level. Then two nodes could commit changes that contradict each other's
 * checks.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { IndexUnreadable } from '#metadata/index-unreadable.ts'
import type { Connection } from '#metadata/postgres/connections/connection.ts'
import { lockId } from './lock-id.ts'

const probeFunctionName = (schema: string) => `${schema}.sees_after_lock_1`

/** As in a commit: a lock, then a statement that must see what the former holder has committed. */
export const probeFunction = (schema: string) => `
CREATE FUNCTION ${probeFunctionName(schema)}(lock int8, lane uuid) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(lock);
  RETURN EXISTS (SELECT FROM ${schema}.lanes AS l WHERE l.id = lane);
END $$;`

/** For the waiting statement to reach its lock. If it comes later, the trial proves less and is passed. */
const reachMs = 30

/** `holder` and `other` are two connections of one database whose tables exist. Throws IndexUnreadable. */
export async function probeLocks(holder: Connection, other: Connection, schema: string): Promise<void> {
  const lane = randomUUID()
  const lock = String(lockId(schema, `probe ${lane}`))
  await holder.query({ text: 'BEGIN' })
  try {
    await holder.query({ text: 'SELECT pg_advisory_xact_lock($1::int8)', values: [lock] })
    const [[isFree] = []] = await other.query({ text: 'SELECT pg_try_advisory_xact_lock($1::int8)', values: [lock] })
    if (isFree !== false) throw new IndexUnreadable(noLocks)
    const seen = other.query({ text: `SELECT ${probeFunctionName(schema)}($1::int8, $2::uuid)`, values: [lock, lane] })
    seen.catch(() => undefined)
    await wait(reachMs)
    await holder.query({
      text: `INSERT INTO ${schema}.lanes (id, number, refused, is_closed, used_at) VALUES ($1, 0, '{}', true, now())`,
      values: [lane],
    })
    await holder.query({ text: 'COMMIT' })
    const [[isSeen] = []] = await seen
    await holder.query({ text: `DELETE FROM ${schema}.lanes WHERE id = $1`, values: [lane] })
    if (isSeen !== true) throw new IndexUnreadable(oldSnapshot)
  } catch (error) {
    if (!holder.isLost) await holder.query({ text: 'ROLLBACK' })
    throw error
  }
}

const noLocks =
  'The advisory locks of this database have no effect, as in CockroachDB, and the index needs them. Use PostgreSQL 14 or later.'

const oldSnapshot =
  'A statement of this database does not see what was committed while it waited for a lock: it does not run READ COMMITTED as PostgreSQL does, and the index needs that. Use PostgreSQL 14 or later.'
