/** The tags of a key, all at once. */
import { tagKeys } from '#access/caller/query-facts.ts'
import type { ConsoleServices, Page, Visit } from '#console/page.ts'
import { problemOf, type TagForm, tagsIn, tagView } from '#console/tags/tag-form.ts'
import { assertKeyTags, changeTags } from '#keyring/changes/key-tags.ts'
import type { KeyEntry } from '#keyring/key-document.ts'
import { viewOf } from '#keyring/key-lookup.ts'
import type { Tags } from '#model/tags.ts'
import { type Kms, keyHref, openKms } from './open-kms.ts'

export const showKeyTags: Page = (visit, services) => {
  const { kms, key } = addressed(visit, services)
  kms.authorize('ListResourceTags', key)
  return tagView(formOf(key, services), Object.entries(key.tags))
}

/** Needs the permissions TagResource and UntagResource for the changed tags. */
export const saveKeyTags: Page = async (visit, services) => {
  const { kms, key } = addressed(visit, services)
  const named = tagsIn(visit.form)
  try {
    const added = changedTags(key.tags, assertKeyTags(named))
    const removed = Object.keys(key.tags).filter((name) => !named.some(([one]) => one === name))
    if (removed.length === 0 || Object.keys(added).length > 0) kms.authorize('TagResource', key, tagKeys(added))
    if (removed.length > 0) kms.authorize('UntagResource', key, { 'aws:tagkeys': removed })
    await changeTags(services.keyring, key, { added, removed })
  } catch (error) {
    return tagView(formOf(key, services), named, problemOf(error))
  }
  return { redirect: keyHref(key.id), notice: { kind: 'done', text: 'Tags saved' } }
}

/** Whether the visitor may change any tags of the key. */
export const mayTagKey = (kms: Kms, key: KeyEntry): boolean =>
  key.manager === 'CUSTOMER' &&
  key.deletesAt === undefined &&
  (kms.may('TagResource', key) || kms.may('UntagResource', key))

function addressed(visit: Visit, services: ConsoleServices): { readonly kms: Kms; readonly key: KeyEntry } {
  const kms = openKms(visit, services)
  return { kms, key: kms.get(visit.params.id ?? '') }
}

const changedTags = (before: Tags, after: Tags): Tags =>
  Object.fromEntries(
    Object.entries(after).filter(([name, value]) => !Object.hasOwn(before, name) || before[name] !== value),
  )

function formOf(key: KeyEntry, { keyring }: ConsoleServices): TagForm {
  const title = viewOf(keyring.keys, key).aliases[0] ?? key.id
  return {
    of: title,
    action: keyHref(key.id, 'tags'),
    back: keyHref(key.id),
    place: 'kms',
    crumbs: [{ text: 'KMS keys', href: '/ui/kms' }, { text: title, href: keyHref(key.id) }, { text: 'Tags' }],
    hint: 'Up to 50. They count for access: policies may have conditions on aws:ResourceTag.',
  }
}
