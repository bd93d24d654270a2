/**
 * Ends sessions whose client stopped in the middle of a statement. The server has executed the statement and keeps its
 * locks until the client ends it, so a node that the network cut off there would hold up all others. If the client
 * does come back, it finds out that its commit did not take effect.
 */
import type { Connection } from '#metadata/postgres/connections/connection.ts'
import { lockWaitMs } from '#metadata/postgres/connections/session.ts'

/** Names of connections end like this (connection.ts), whatever the node calls itself. */
const ourNames = ':[0-9a-f]{12}$'

const text = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND usename = current_user AND application_name ~ '${ourNames}'
    AND xact_start IS NOT NULL AND wait_event = 'ClientRead'
    AND query_start < clock_timestamp() - interval '${lockWaitMs} ms'`

export async function endHungSessions(connection: Connection): Promise<void> {
  await connection.query({ text })
}
