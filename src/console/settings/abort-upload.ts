import { bucketHref } from '#console/address.ts'
import type { Page } from '#console/page.ts'

/** Aborts an incomplete multipart upload. */
export const abortOldUpload: Page = async ({ bucket, key, params }, { store }) => {
  await store.abortUpload(bucket.name, key, params.upload ?? '')
  return { redirect: bucketHref(bucket.name, 'settings'), notice: { kind: 'done', text: 'Upload aborted' } }
}
