import { join, relative } from 'node:path'
import { mayReadTags } from '#access/decide/objects/tag-access.ts'
import { shownApiUrl } from '#console/api-urls.ts'
import { openIam } from '#console/iam/open-iam.ts'
import { lockFactsOf } from '#console/locks/version-lock.ts'
import { annotationsOf } from '#console/objects/annotations/list-annotations.ts'
import { folderCrumbs, nameOf, parentOf } from '#console/objects/folder/folder.ts'
import type { ConsoleServices, Page, View, Visit } from '#console/page.ts'
import { decodeHeaderBytes } from '#lib/text/header-bytes.ts'
import { awsEncode } from '#lib/text/uri.ts'
import { anonymous } from '#model/account.ts'
import { ApiError } from '#model/errors.ts'
import type { EncryptionMethod } from '#model/object/encryption.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import type { Tags } from '#model/tags.ts'
import { describePlace } from '#store/reads/describe-place.ts'
import { fileTypeOf, iconOf } from './file-kind.ts'
import { readableHeaders } from './header-fields.ts'
import { type Preview, previewOf } from './preview.ts'
import { listKeyVersions } from './versions.ts'

export const showObject: Page = async (visit, services) => {
  const { bucket, key, versionId } = visit
  const version = await services.store.findVersion(bucket.name, key, versionId)
  const versions = await listKeyVersions(visit, services)
  if (version === undefined && versions.length === 0) throw new ApiError('NoSuchKey')
  const shown = version?.isDeleteMarker === false ? version : undefined
  const preview = shown === undefined ? undefined : await previewOf(services.store, visit, shown)
  return objectView(visit, {
    version: shown && readable(shown, preview),
    versionId,
    versions,
    preview,
    place: shown === undefined ? undefined : placeOf(services, bucket.name, shown),
    publicUrl: shown === undefined ? undefined : publicUrlOf(visit, services, shown),
    encryptionNames,
    sign: iconOf(fileTypeOf(key, shown?.headers.contentType).kind),
    mayAskWho: openIam(visit, services).may('SimulatePrincipalPolicy', '*'),
    lock: shown === undefined ? undefined : await lockFactsOf(visit, services, shown),
    tags: shown === undefined ? undefined : tagsFor(visit, services, shown),
    annotations: shown === undefined ? undefined : await annotationsOf(visit, services, shown),
    parts: shown === undefined ? [] : await services.store.listObjectParts(bucket.name, shown, 0, 1000),
  })
}

/** The checksum reveals something about the bytes, so it is shown only to visitors who may read them. */
function readable({ checksum, ...version }: ObjectVersion, preview: Preview | undefined): ObjectVersion {
  const { headers, websiteRedirectLocation: redirect } = version
  const isClosed = preview?.kind === 'customer-key' || preview?.kind === 'refused'
  return {
    ...version,
    headers: readableHeaders(headers),
    ...(redirect !== undefined && { websiteRedirectLocation: decodeHeaderBytes(redirect) }),
    ...(checksum !== undefined && !isClosed && { checksum }),
  }
}

function objectView(visit: Visit, locals: Record<string, unknown>): View {
  const { bucket, key } = visit
  const resource = { bucket, key }
  return {
    view: 'objects/object',
    title: `${nameOf(key)} · ${bucket.name}`,
    place: 'buckets',
    crumbs: [...folderCrumbs(bucket.name, parentOf(key), false), { text: nameOf(key) }],
    scripts: ['object.js'],
    locals: {
      bucket,
      key,
      name: nameOf(key),
      back: parentOf(key),
      mayWrite: visit.may('s3:PutObject', resource),
      mayTag: visit.may('s3:PutObjectTagging', resource),
      mayDelete: visit.may('s3:DeleteObject', resource),
      mayDeleteVersion: visit.may('s3:DeleteObjectVersion', resource),
      mayReadVersion: visit.may('s3:GetObjectVersion', resource),
      ...locals,
    },
  }
}

/** Undefined for visitors who may not read them. */
function tagsFor(
  { bucket, key, versionId, principal, facts: visited }: Visit,
  { gatekeeper }: ConsoleServices,
  version: ObjectVersion,
): Tags | undefined {
  const facts = versionId === undefined ? visited : { ...visited, keys: { 's3:versionid': versionId } }
  const mayRead = mayReadTags(gatekeeper, principal, { bucket, key, versionId, version }, facts)
  return mayRead ? (version.tags ?? {}) : undefined
}

/** The public URL, if everyone can read the object. */
function publicUrlOf(visit: Visit, { gatekeeper, config }: ConsoleServices, object: ObjectVersion): string | undefined {
  const { key } = object
  const { bucket, facts } = visit
  if (!gatekeeper.may(anonymous, 's3:GetObject', { bucket, key, object }, facts)) return undefined
  return `${shownApiUrl(config, visit)}/${bucket.name}/${awsEncode(key, { keepSlash: true })}`
}

const encryptionNames: Readonly<Record<EncryptionMethod, string>> = {
  AES256: 'SSE-S3: keys of the server (AES256)',
  'aws:kms': 'SSE-KMS (aws:kms)',
  'aws:kms:dsse': 'DSSE-KMS: two layers (aws:kms:dsse)',
  'SSE-C': 'SSE-C: a key that only the client has',
}

/** The path of the bytes, relative to STORAGE_ROOT. The absolute path is shown only to visitors on this machine. */
function placeOf({ config, store }: ConsoleServices, bucket: string, version: ObjectVersion) {
  const where = store.whereabouts(bucket, version)
  if (where === undefined) return undefined
  const { path } = where
  const shown = config.isLoopback ? path : join('STORAGE_ROOT', relative(config.storageRoot, path))
  return { path: shown, note: describePlace(where) }
}
