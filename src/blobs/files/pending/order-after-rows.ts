import { newOrder } from '#metadata/order.ts'
import { rowParts, rowsOf } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { newerRows } from './pending.ts'

/**
 * An order after every row of a key that has no current version. Another process whose clock is ahead may just have
 * deleted or renamed the object, and files move in the order of the rows.
 */
export async function orderAfterRows(
  transaction: Transaction,
  bucket: string,
  key: string,
  newest: string | undefined,
  nowMs: number,
): Promise<string> {
  // Usually the clock is enough, which the commit checks.
  const row = transaction.isRepeated ? await newestRow(transaction, bucket, key) : undefined
  // An order sorts newest first.
  const order = newOrder(row === undefined || (newest !== undefined && newest < row) ? newest : row, nowMs)
  transaction.requireEmpty(newerRows({ bucket, key, order }))
  return order
}

async function newestRow(transaction: Transaction, bucket: string, key: string): Promise<string | undefined> {
  const [newest] = await transaction.scan(rowsOf('q', bucket, key), { limit: 1 })
  return newest === undefined ? undefined : rowParts(newest.key)[2]
}
