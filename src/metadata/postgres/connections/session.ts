/** What each connection sets when it starts. Nothing has to be set in the server. */
import type { Statement } from './statement.ts'

/** A commit that waits longer for one lock looks for hung sessions (hung-sessions.ts), and is tried again. */
export const lockWaitMs = 5000
/** The server does not wait longer for the next statement of a transaction, nor for a sign of life of this machine. */
const silentMs = 10_000

export interface SessionSettings {
  readonly statementTimeoutMs: number
  /** Whether commits answer when they survive a crash of the server, whatever its default is. */
  readonly isFlushed: boolean
}

/**
 * Each statement is its own transaction. Its plan is made once and uses the primary key, even if there are few rows at
 * that time. If no packets come from this machine any more, the server ends the session: by default that takes hours.
 * The first column of the answer: whether the server takes no writes.
 */
export function startSession({ statementTimeoutMs, isFlushed }: SessionSettings): Statement {
  const settings = {
    statement_timeout: String(statementTimeoutMs),
    lock_timeout: String(lockWaitMs),
    idle_in_transaction_session_timeout: String(silentMs),
    tcp_keepalives_idle: String(silentMs / 1000),
    tcp_keepalives_interval: '5',
    tcp_keepalives_count: '3',
    tcp_user_timeout: String(silentMs + 15_000),
    default_transaction_isolation: 'read committed',
    plan_cache_mode: 'force_generic_plan',
    jit: 'off',
    enable_seqscan: 'off',
    enable_bitmapscan: 'off',
    enable_hashjoin: 'off',
    enable_mergejoin: 'off',
    enable_hashagg: 'off',
    client_min_messages: 'error',
    bytea_output: 'hex',
  }
  const sets = Object.entries(settings).map(([name, value]) => `set_config('${name}', '${value}', false)`)
  return {
    text: `SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on', ${sets.join(', ')},
      CASE WHEN (current_setting('synchronous_commit') <> 'off') <> $1 THEN set_config('synchronous_commit', $2, false) END`,
    values: [isFlushed, isFlushed ? 'on' : 'off'],
  }
}
