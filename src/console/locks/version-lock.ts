/** Retention, event hold and legal hold of a version. */
import { readAuthorized, versionRecord } from '#access/decide/objects/object-access.ts'
import { objectHref } from '#console/address.ts'
import { nameOf, objectCrumbs } from '#console/objects/folder/folder.ts'
import type { ConsoleServices, Page, View, Visit } from '#console/page.ts'
import { refusalOf } from '#model/errors.ts'
import { lockRefusal, protectionOf } from '#model/object/lock/lock.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import { assertHasLock, mayPassGovernance, putLegalHold, putRetention } from '#objects/versions/lock-object.ts'
import { describeLock, describeRefusal } from './describe-lock.ts'
import { requestedIn, type TypedRetention, typedIn, typedRetention } from './lock-form.ts'

export const showVersionLock: Page = async (visit, services) => {
  const version = await readVersion(visit, services)
  return lockView(visit, services, version, { typed: typedRetention(version.lock?.retention) })
}

/** `do`: `retention`, `hold ON` or `hold OFF`. */
export const saveVersionLock: Page = async (visit, services) => {
  const { bucket, key, versionId, form, actor } = visit
  const version = await readVersion(visit, services)
  const address = { bucket, key, versionId }
  const [what, status] = (form.get('do') ?? '').split(' ')
  const typed = what === 'retention' ? typedIn(form) : typedRetention(version.lock?.retention)
  try {
    if (what === 'retention') {
      const requested = requestedIn(typed, version.lock?.retention)
      await putRetention(services.store, actor, { ...address, requested, asksToPass: form.get('pass') === 'on' })
    } else await putLegalHold(services.store, actor, { ...address, status: status === 'ON' ? 'ON' : 'OFF' })
  } catch (error) {
    const refusal = refusalOf(error)
    const problem = refusal.message === lockRefusal ? await refusalFor(visit, services) : refusal.message
    return lockView(visit, services, version, { typed, problem, status: refusal.status })
  }
  const text = what === 'retention' ? 'Retention saved' : status === 'ON' ? 'Legal hold put' : 'Legal hold lifted'
  return { redirect: objectHref(bucket.name, key, 'object', versionId), notice: { kind: 'done', text } }
}

/** Why the version was not deleted, if the visitor may read its lock. */
export async function refusalFor(visit: Visit, { store }: ConsoleServices): Promise<string> {
  const { bucket, key, versionId } = visit
  const version = mayRead(visit) ? await store.findVersion(bucket.name, key, versionId) : undefined
  return describeRefusal(version?.lock, await store.timeMs())
}

/** The protection of the version, for its page; undefined if there is none, or the visitor may not read it. */
export async function lockFactsOf(visit: Visit, { store }: ConsoleServices, version: ObjectVersion) {
  const { bucket, key } = visit
  if (!bucket.objectLockEnabled || !mayRead(visit)) return undefined
  const nowMs = await store.timeMs()
  const mayChange = ['s3:PutObjectRetention', 's3:PutObjectLegalHold'].some((action) =>
    visit.may(action, { bucket, key }),
  )
  return {
    sentences: describeLock(version.lock, nowMs),
    isProtected: protectionOf(version.lock, nowMs) !== undefined,
    mayChange,
  }
}

const mayRead = (visit: Visit): boolean => {
  const { bucket, key } = visit
  return ['s3:GetObjectRetention', 's3:GetObjectLegalHold'].every((action) => visit.may(action, { bucket, key }))
}

/** AccessDenied, InvalidRequest in a bucket without Object Lock. */
async function readVersion(visit: Visit, { store, gatekeeper }: ConsoleServices): Promise<ObjectVersion> {
  const { bucket, key, versionId, principal, facts } = visit
  assertHasLock(bucket)
  visit.authorize('s3:GetObjectLegalHold', { bucket, key })
  const asked = { principal, action: 's3:GetObjectRetention', bucket, key, facts }
  const read = () => store.headObject(bucket.name, key, versionId)
  return readAuthorized({ store, gatekeeper }, asked, read, versionRecord)
}

interface Shown {
  readonly typed: TypedRetention
  readonly problem?: string
  readonly status?: number
}

async function lockView(
  visit: Visit,
  { store }: ConsoleServices,
  version: ObjectVersion,
  { typed, problem, status = 200 }: Shown,
): Promise<View> {
  const { bucket, key, versionId } = visit
  const nowMs = await store.timeMs()
  const protection = protectionOf(version.lock, nowMs)
  return {
    view: 'objects/lock',
    title: `Object Lock of ${nameOf(key)}`,
    place: 'buckets',
    isDialog: true,
    status,
    crumbs: objectCrumbs(bucket.name, key, 'Object Lock'),
    locals: {
      bucket,
      key,
      versionId,
      typed,
      problem,
      sentences: describeLock(version.lock, nowMs),
      legalHold: version.lock?.legalHold ?? 'OFF',
      shownVersionId: version.versionId,
      mayRetain: visit.may('s3:PutObjectRetention', { bucket, key }),
      mayHold: visit.may('s3:PutObjectLegalHold', { bucket, key }),
      mayPass: protection === 'GOVERNANCE' && mayPassGovernance(visit.actor, { bucket, key }),
      mayDelete: visit.may('s3:DeleteObjectVersion', { bucket, key }),
    },
  }
}
