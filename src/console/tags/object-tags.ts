import { readAuthorized } from '#access/decide/object-access.ts'
import { objectHref } from '#console/address.ts'
import { nameOf, objectCrumbs } from '#console/objects/folder.ts'
import type { ConsoleServices, Page, Visit } from '#console/page.ts'
import { ApiError } from '#model/errors.ts'
import type { ObjectVersion } from '#model/object.ts'
import { assertTags, hasSameTags, type NamedTags, withTags } from '#model/tags.ts'
import { problemOf, type TagForm, tagsIn, tagView } from './tag-form.ts'

export const showObjectTags: Page = async (visit, services) => {
  const version = await currentVersion(visit, services, 's3:GetObjectTagging')
  return tagView(formOf(visit), Object.entries(version.tags ?? {}))
}

export const saveObjectTags: Page = async (visit, services) => {
  const { bucket, key, form } = visit
  const named = tagsIn(form)
  try {
    const version = await currentVersion(visit, services, 's3:PutObjectTagging', named)
    const tags = assertTags(named, 'object')
    const change = (stored: ObjectVersion) => (hasSameTags(stored, version) ? withTags(stored, tags) : undefined)
    const changed = await services.store.changeVersion(bucket.name, version, change, visit.actor)
    if (changed === undefined) throw new ApiError('OperationAborted')
  } catch (error) {
    return tagView(formOf(visit), named, problemOf(error))
  }
  return { redirect: objectHref(bucket.name, key), notice: { kind: 'done', text: 'Tags saved' } }
}

/** Conditions may ask for the tags that are, and for those that are to be. */
function currentVersion(
  { bucket, key, principal, facts }: Visit,
  { store, gatekeeper }: ConsoleServices,
  action: string,
  objectTags: NamedTags = [],
): Promise<ObjectVersion> {
  const asked = { principal, action, bucket, key, facts: { ...facts, objectTags } }
  const look = { versionOf: (version: ObjectVersion) => version, release: () => undefined }
  return readAuthorized({ store, gatekeeper }, asked, () => store.headObject(bucket.name, key, undefined), look)
}

const formOf = ({ bucket, key }: Visit): TagForm => ({
  of: nameOf(key),
  action: objectHref(bucket.name, key, 'object-tags'),
  back: objectHref(bucket.name, key),
  crumbs: objectCrumbs(bucket.name, key, 'Tags'),
  hint: 'Up to 10. Conditions of policies can refer to them.',
})
