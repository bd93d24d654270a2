import { readAuthorized, versionRecord } from '#access/decide/objects/object-access.ts'
import { objectHref } from '#console/address.ts'
import { nameOf, objectCrumbs } from '#console/objects/folder/folder.ts'
import type { Page, Visit } from '#console/page.ts'
import { putTags } from '#objects/versions/tag-object.ts'
import { problemOf, type TagForm, tagsIn, tagView } from './tag-form.ts'

export const showObjectTags: Page = async (visit, { store, gatekeeper }) => {
  const { bucket, key, principal, facts } = visit
  const asked = { principal, action: 's3:GetObjectTagging', bucket, key, facts }
  const read = () => store.headObject(bucket.name, key, undefined)
  const version = await readAuthorized({ store, gatekeeper }, asked, read, versionRecord)
  return tagView(formOf(visit), Object.entries(version.tags ?? {}))
}

export const saveObjectTags: Page = async (visit, { store }) => {
  const { bucket, key, form, actor } = visit
  const named = tagsIn(form)
  try {
    await putTags(store, actor, { bucket, key, named })
  } catch (error) {
    return tagView(formOf(visit), named, problemOf(error))
  }
  return { redirect: objectHref(bucket.name, key), notice: { kind: 'done', text: 'Tags saved' } }
}

const formOf = ({ bucket, key }: Visit): TagForm => ({
  of: nameOf(key),
  action: objectHref(bucket.name, key, 'object-tags'),
  back: objectHref(bucket.name, key),
  crumbs: objectCrumbs(bucket.name, key, 'Tags'),
  hint: 'Up to 10. Conditions of policies can refer to them.',
})
