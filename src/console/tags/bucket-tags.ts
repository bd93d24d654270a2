import { bucketHref } from '#console/address.ts'
import type { Page } from '#console/page.ts'
import { settingsCrumbs } from '#console/settings/settings-crumbs.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { assertTags, withTags } from '#model/tags.ts'
import { problemOf, type TagForm, tagsIn, tagView } from './tag-form.ts'

export const showBucketTags: Page = ({ bucket }) => tagView(formOf(bucket), Object.entries(bucket.tags ?? {}))

export const saveBucketTags: Page = async ({ bucket, form }, { store }) => {
  const named = tagsIn(form)
  try {
    const tags = assertTags(named, 'bucket')
    await store.updateBucket(bucket.name, (current) => withTags(current, tags))
  } catch (error) {
    return tagView(formOf(bucket), named, problemOf(error))
  }
  return { redirect: bucketHref(bucket.name, 'settings'), notice: { kind: 'done', text: 'Tags saved' } }
}

const formOf = ({ name }: Bucket): TagForm => ({
  of: name,
  action: bucketHref(name, 'tags'),
  back: bucketHref(name, 'settings'),
  crumbs: settingsCrumbs(name, 'Tags'),
  hint: 'Up to 50. For your own labels; they do not affect access.',
})
