import { newOrder } from '#metadata/order.ts'
import { rowParts, rowsOf } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { newerRows } from './pending.ts'

/**
 * An order after every row of a key without a current version: another process, whose clock is ahead, may have deleted or renamed its object
 * a moment ago, and files move in the order of the rows.
 */
export async function orderAfterRows(
  transaction: Transaction,
  bucket: string,
  key: string,
  newest: string | undefined,
): Promise<string> {
  // Nearly always the clock is enough, and the commit proves it.
  const row = transaction.isRepeated ? await newestRow(transaction, bucket, key) : undefined
  // An order sorts newest first.
  const order = newOrder(row === undefined || (newest !== undefined && newest < row) ? newest : row)
  transaction.requireEmpty(newerRows({ bucket, key, order }))
  return order
}

async function newestRow(transaction: Transaction, bucket: string, key: string): Promise<string | undefined> {
  const [newest] = await transaction.scan(rowsOf('q', bucket, key), { limit: 1 })
  return newest === undefined ? undefined : rowParts(newest.key)[2]
}
