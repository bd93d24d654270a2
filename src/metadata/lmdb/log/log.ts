/** The redo log as LMDB's transactions write it. The position of the next record is an entry of the index itself. */
import { type Database, find } from '#metadata/lmdb/database.ts'
import {
  decodePosition,
  encodePosition,
  nextSegment,
  type Position,
  type Put,
  positionKey,
  type RedoLog,
} from './redo-log.ts'

export const positionIn = (database: Database): Position => decodePosition(find(database, positionKey))

/** Called within the transaction, after its writes. Returns the position of their record. */
export function appendRecord(database: Database, log: RedoLog, puts: readonly Put[]): Position {
  const position = positionIn(database)
  database.putSync(positionKey, encodePosition(log.append(position, puts)))
  return position
}

/** Called within a transaction: the log continues in the next segment, which is returned. */
export function beginSegment(database: Database, log: RedoLog): Position {
  const position = positionIn(database)
  const next = nextSegment(position)
  log.append(position, [], next)
  database.putSync(positionKey, encodePosition(next))
  return next
}
