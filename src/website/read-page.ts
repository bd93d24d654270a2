/** Reads an object for a visitor, who is always anonymous. */

import type { Rights } from '#access/decide/gatekeeper.ts'
import { tellMissingToListers } from '#access/decide/objects/missing-object.ts'
import { openVersion, readAuthorized } from '#access/decide/objects/object-access.ts'
import type { NewestBuckets } from '#http/find-bucket.ts'
import { contentHeaders } from '#http/object/content-headers.ts'
import { checkRead } from '#http/object/read-conditions.ts'
import type { Clock } from '#lib/clock.ts'
import { anonymous } from '#model/account.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError, refusalOf } from '#model/errors.ts'
import { assertKey, type ObjectVersion } from '#model/object/object.ts'
import { parseRange, rangeToServe } from '#model/object/range.ts'
import { assertActive } from '#model/object/storage-class.ts'
import type { Encryption } from '#objects/encryption/encryption.ts'
import { unsealed } from '#objects/encryption/open-keys.ts'
import type { OpenObject, Store } from '#store/contract.ts'
import { type Answer, redirect, type Visit } from './visit.ts'

export interface Domain extends NewestBuckets {
  readonly store: Store
  readonly gatekeeper: Rights
  readonly encryption: Encryption
  readonly clock: Clock
}

/** The object as the answer to the visit, or its redirect. Errors are those of GetObject for an anonymous caller. */
export async function readPage(domain: Domain, visit: Visit, bucket: Bucket, key: string): Promise<Answer> {
  const opened = await openPublic(domain, visit, bucket, key)
  return answerFrom(opened, (version) => {
    const { headers } = visit
    checkRead(headers, version, domain.clock, () => cachingHeaders(version))
    const range = parseRange(rangeToServe(headers, version), version.sizeBytes)
    const { start, end } = range ?? { start: 0, end: version.sizeBytes }
    const partly = range && { 'content-range': `bytes ${start}-${end - 1}/${version.sizeBytes}` }
    return { status: range === undefined ? 200 : 206, headers: { 'accept-ranges': 'bytes', ...partly }, start, end }
  })
}

/** The whole object as the page of an error: conditions and ranges were about another object. */
export async function readErrorDocument(
  domain: Domain,
  visit: Visit,
  bucket: Bucket,
  { key, status }: { readonly key: string; readonly status: number },
): Promise<Answer> {
  const opened = await openPublic(domain, visit, bucket, key)
  return answerFrom(opened, ({ sizeBytes }) => ({ status, headers: {}, start: 0, end: sizeBytes }))
}

/** Whether the object exists and visitors may read it. */
export async function hasPage(domain: Domain, visit: Visit, bucket: Bucket, key: string): Promise<boolean> {
  // Most do not exist. A refusal of an object that was not requested should not be recorded.
  if ((await domain.store.findVersion(bucket.name, key, undefined)) === undefined) return false
  try {
    const opened = await openPublic(domain, visit, bucket, key)
    opened.close()
    return true
  } catch (error) {
    refusalOf(error)
    return false
  }
}

async function openPublic(
  { store, gatekeeper, encryption }: Domain,
  { facts }: Visit,
  bucket: Bucket,
  key: string,
): Promise<OpenObject> {
  assertKey(key)
  const asked = { principal: anonymous, action: 's3:GetObject', bucket, key, facts }
  try {
    const read = () => store.openObject(bucket.name, key, undefined)
    const opened = await readAuthorized({ store, gatekeeper }, asked, read, openVersion)
    return await unsealed({ principal: anonymous, facts, gatekeeper, encryption }, { bucket, key }, opened)
  } catch (error) {
    const shown = await tellMissingToListers(error, asked, { gatekeeper, store })
    if (!(shown instanceof ApiError) || shown.code !== 'NoSuchKey') throw shown
    throw new ApiError('NoSuchKey', { fields: { Key: key } })
  }
}

interface Part {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly start: number
  readonly end: number
}

function answerFrom(opened: OpenObject, partOf: (version: ObjectVersion) => Part): Answer {
  const { version } = opened
  try {
    assertActive(version, 'read')
    const { websiteRedirectLocation } = version
    if (websiteRedirectLocation !== undefined) {
      opened.close()
      return redirect(websiteRedirectLocation)
    }
    const { status, headers, start, end } = partOf(version)
    const own = {
      ...contentHeaders(version),
      ...headers,
      etag: `"${version.etag}"`,
      'last-modified': new Date(version.modifiedAtMs).toUTCString(),
      // Must be last: node:http decodes a Content-Disposition after it differently, and throws for UTF-8.
      'content-length': String(end - start),
    }
    return { status, headers: own, body: opened.content(start, end) }
  } catch (error) {
    opened.close()
    throw error
  }
}

function cachingHeaders({ headers: { cacheControl, expires } }: ObjectVersion): Record<string, string> {
  return { ...(cacheControl && { 'cache-control': cacheControl }), ...(expires && { expires }) }
}
