/**
 * A version whose file is on its way from another path than `staging/` (`isArriving`): a renamed object, or an older
 * version that is current again. A write moves its own file without a look at that way, and would leave the arriving
 * file where it is: so a transaction that replaces, moves or removes such a version waits until the rows of its key are
 * played.
 */
import { type Transaction, transact } from '#metadata/transact.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import type { StoreContext } from './context.ts'

class FileIsArriving extends Error {
  readonly bucket: string
  readonly key: string
  readonly order: string

  constructor(bucket: string, { key, order }: StoredVersion) {
    super(`the file of ${bucket}/${key} is not in its place yet`)
    this.bucket = bucket
    this.key = key
    this.order = order
  }
}

/** Inside `transactSettled`: the transaction begins again, with the key settled, if the file is arriving. */
export function assertArrived(bucket: string, version: StoredVersion): void {
  if (version.isArriving !== undefined) throw new FileIsArriving(bucket, version)
}

/** Each time another rename has come in between. */
const attempts = 100

/** `transact` for bodies that call `assertArrived`. */
export async function transactSettled<T>(
  { engine, settler }: Pick<StoreContext, 'engine' | 'settler'>,
  body: (transaction: Transaction) => Promise<T>,
): ReturnType<typeof transact<T>> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    try {
      return await transact(engine, body)
    } catch (error) {
      if (!(error instanceof FileIsArriving)) throw error
      await settler.settleArriving(error.bucket, error.key, error.order)
    }
  }
  throw new ApiError('OperationAborted')
}
