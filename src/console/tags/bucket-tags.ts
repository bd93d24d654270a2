import { tagKeys } from '#access/caller/query-facts.ts'
import { bucketHref } from '#console/address.ts'
import type { Page, Visit } from '#console/page.ts'
import { settingsCrumbs } from '#console/settings/settings-crumbs.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { assertTags, type NamedTags, withTags } from '#model/tags.ts'
import { problemOf, type TagForm, tagsIn, tagView } from './tag-form.ts'

export const showBucketTags: Page = ({ bucket }) => tagView(formOf(bucket), Object.entries(bucket.tags ?? {}))

export const saveBucketTags: Page = async (visit, { store }) => {
  const { bucket, form } = visit
  const named = tagsIn(form)
  authorizeTags(visit, named)
  try {
    const tags = assertTags(named, 'bucket')
    await store.updateBucket(bucket.name, (current) => withTags(current, tags))
  } catch (error) {
    return tagView(formOf(bucket), named, problemOf(error))
  }
  return { redirect: bucketHref(bucket.name, 'settings'), notice: { kind: 'done', text: 'Tags saved' } }
}

/**
 * If tags decide about access, changing them needs the permissions of TagResource and UntagResource for the changed
 * tags.
 */
function authorizeTags({ bucket, authorize }: Visit, named: NamedTags): void {
  const { tags = {}, hasAbac } = bucket
  if (!hasAbac) {
    authorize('s3:PutBucketTagging', { bucket })
    return
  }
  const set = named.filter(([key, value]) => !Object.hasOwn(tags, key) || tags[key] !== value)
  const removed = Object.keys(tags).filter((key) => !named.some(([name]) => name === key))
  if (removed.length === 0 || set.length > 0) {
    authorize('s3:TagResource', { bucket }, { keys: tagKeys(Object.fromEntries(set)) })
  }
  if (removed.length > 0) authorize('s3:UntagResource', { bucket }, { keys: { 'aws:tagkeys': removed } })
}

/** Whether the visitor may change any tags of the bucket. */
export const mayTagBucket = ({ bucket, may }: Visit): boolean =>
  bucket.hasAbac
    ? may('s3:TagResource', { bucket }) || may('s3:UntagResource', { bucket })
    : may('s3:PutBucketTagging', { bucket })

const formOf = ({ name, hasAbac }: Bucket): TagForm => ({
  of: name,
  action: bucketHref(name, 'tags'),
  back: bucketHref(name, 'settings'),
  crumbs: settingsCrumbs(name, 'Tags'),
  hint: hasAbac
    ? 'Up to 50. They count for access: policies may have conditions on aws:ResourceTag and s3:BucketTag.'
    : 'Up to 50. For your own labels; they do not affect access.',
})
