/** Other servers below a test, as the environment names them. */
import { createHash, randomBytes } from 'node:crypto'

/** TEST_BLOBS_URL, TEST_BLOBS_ACCESS_KEY_ID and TEST_BLOBS_SECRET_ACCESS_KEY: a prefix of its own in that S3 store. */
export function blobsElsewhere(): Readonly<Record<string, string>> {
  const { TEST_BLOBS_URL, TEST_BLOBS_ACCESS_KEY_ID = '', TEST_BLOBS_SECRET_ACCESS_KEY = '' } = process.env
  if (TEST_BLOBS_URL === undefined) return {}
  const url = new URL(TEST_BLOBS_URL)
  url.pathname = `/test-${randomBytes(6).toString('hex')}`
  return {
    BLOBS_URL: url.href,
    BLOBS_ACCESS_KEY_ID: TEST_BLOBS_ACCESS_KEY_ID,
    BLOBS_SECRET_ACCESS_KEY: TEST_BLOBS_SECRET_ACCESS_KEY,
  }
}

/**
 * TEST_INDEX=postgres: in the PostgreSQL of TEST_POSTGRES_URL, for each folder one of its own, which is found again.
 */
export function indexElsewhere(root: string): Readonly<Record<string, string>> {
  const { TEST_INDEX, TEST_POSTGRES_URL } = process.env
  if (TEST_INDEX !== 'postgres' || TEST_POSTGRES_URL === undefined) return {}
  const url = new URL(TEST_POSTGRES_URL)
  url.searchParams.set('schema', `test_${createHash('sha256').update(root).digest('hex').slice(0, 12)}`)
  return { METADATA_URL: url.href, KMS_ROOT_KEY: 'a root key of the tests of nodes' }
}
