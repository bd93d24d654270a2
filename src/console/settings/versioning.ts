import { bucketHref } from '#console/address.ts'
import type { Page } from '#console/page.ts'
import { withVersioning } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'

export const setVersioning: Page = async ({ bucket, form }, { store }) => {
  const status = form.get('status')
  if (status !== 'Enabled' && status !== 'Suspended') throw new ApiError('IllegalVersioningConfigurationException')
  await store.updateBucket(bucket.name, (current) => withVersioning(current, status))
  const text = status === 'Enabled' ? 'Versioning enabled' : 'Versioning suspended'
  return { redirect: bucketHref(bucket.name, 'settings'), notice: { kind: 'done', text } }
}
