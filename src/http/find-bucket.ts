import type { Bucket } from '#model/bucket/bucket.ts'
import { limits } from '#model/limits.ts'
import type { Store } from '#store/contract.ts'

export interface NewestBuckets {
  readonly store: Pick<Store, 'findBucket'>
  /** If nodes share users, policies and keys: loads the changes of other nodes. */
  readonly catchUp?: (() => Promise<void>) | undefined
}

/**
 * The bucket of a request. Afterwards the newest users, policies and keys are in force too: they are read in the same
 * turn, so by the same question to the index. Edges without a bucket catch up before they are called (app/api.ts).
 */
export async function findBucket(name: string, { store, catchUp }: NewestBuckets): Promise<Bucket | undefined> {
  if (name.length > limits.bucketNameLength) return undefined
  if (catchUp === undefined) return store.findBucket(name)
  const [found] = await Promise.all([store.findBucket(name), catchUp()])
  return found
}
