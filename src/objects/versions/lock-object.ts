/** Object Lock of a version: its permissions and changes. The commit decides whether a change is allowed. */
import type { ConditionKeys } from '#access/caller/query-facts.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import {
  assertFuture,
  formatLockDate,
  type ObjectLock,
  type RequestedRetention,
  retentionFor,
  type Switch,
} from '#model/object/lock/lock.ts'
import { daysOfPeriod } from '#model/object/lock/lock-period.ts'
import type { ObjectAttributes, ObjectVersion } from '#model/object/object.ts'
import type { Actor } from '#objects/actor.ts'
import { factsOfEffect } from '#objects/effect.ts'
import type { Store } from '#store/contract.ts'
import { changeVersion, type ObjectAddress } from './change-version.ts'

/** The lock in a request. */
export interface RequestedLock {
  readonly retention?: RequestedRetention
  readonly legalHold?: Switch
}

interface Placed {
  readonly bucket: Bucket
  readonly key: string
}

/** Whether the caller may delete versions in governance mode, and shorten their retention. */
export const mayPassGovernance = ({ principal, gatekeeper, facts }: Actor, { bucket, key }: Placed): boolean =>
  gatekeeper.may(principal, 's3:BypassGovernanceRetention', { bucket, key, object: null }, facts)

/** InvalidRequest in a bucket without Object Lock; AccessDenied without the permissions for the lock. */
export function lockOfNewObject(
  { principal, gatekeeper, facts }: Actor,
  { bucket, key, lock }: Placed & { readonly lock?: RequestedLock | undefined },
): ObjectLock | undefined {
  if (lock === undefined) return undefined
  const { retention: requested, legalHold } = lock
  const resource = { bucket, key, object: null }
  if (requested !== undefined) gatekeeper.authorize(principal, 's3:PutObjectRetention', resource, facts)
  if (legalHold !== undefined) gatekeeper.authorize(principal, 's3:PutObjectLegalHold', resource, facts)
  if (!bucket.objectLockEnabled) {
    throw new ApiError('InvalidRequest', { message: 'Bucket is missing ObjectLockConfiguration' })
  }
  const retention = requested && retentionFor(requested, undefined, 0)
  return { ...(retention && { retention }), ...(legalHold && { legalHold }) }
}

/** InvalidArgument for a date that is not in the future. */
export async function assertFutureLock(store: Store, { lock }: Pick<ObjectAttributes, 'lock'>): Promise<void> {
  const untilMs = lock?.retention?.untilMs
  if (untilMs !== undefined) assertFuture(untilMs, await store.timeMs(), 'x-amz-object-lock-retain-until-date')
}

export interface NewRetention extends ObjectAddress {
  readonly requested: RequestedRetention
  /** The error of reading the request. Only callers who may change retention get it. */
  readonly fault?: unknown
  readonly asksToPass: boolean
}

/** AccessDenied for a change that protects less, except in governance mode if the caller may bypass it. */
export async function putRetention(
  store: Store,
  actor: Actor,
  { requested, fault, asksToPass, ...address }: NewRetention,
): Promise<ObjectVersion> {
  return changeVersion(store, actor, {
    ...address,
    action: 's3:PutObjectRetention',
    facts: factsOfEffect(actor.facts, { keys: retentionKeys(requested, await store.timeMs()) }),
    cause: 'PutRetention',
    passesGovernance: asksToPass && mayPassGovernance(actor, address),
    change: () => {
      assertLockable(address.bucket, fault)
      return ({ lock, ...stored }, nowMs) => {
        assertFuture(requested.untilMs, nowMs, 'RetainUntilDate')
        const { retention: before, ...rest } = lock ?? {}
        const retention = retentionFor(requested, before, nowMs)
        return withLock(stored, { ...rest, ...(retention && { retention }) })
      }
    },
  })
}

export interface NewLegalHold extends ObjectAddress {
  readonly status: Switch | undefined
  readonly fault?: unknown
}

export function putLegalHold(
  store: Store,
  actor: Actor,
  { status, fault, ...address }: NewLegalHold,
): Promise<ObjectVersion> {
  const keys = status === undefined ? {} : { 's3:object-lock-legal-hold': status }
  return changeVersion(store, actor, {
    ...address,
    action: 's3:PutObjectLegalHold',
    facts: factsOfEffect(actor.facts, { keys }),
    change: () => {
      assertLockable(address.bucket, fault)
      return ({ lock, ...stored }) => withLock(stored, { ...lock, ...(status && { legalHold: status }) })
    },
  })
}

/** InvalidRequest, or the fault. */
function assertLockable(bucket: Bucket, fault: unknown): void {
  assertHasLock(bucket)
  if (fault !== undefined) throw fault
}

/** InvalidRequest in a bucket without Object Lock. */
export function assertHasLock({ objectLockEnabled }: Bucket): void {
  if (objectLockEnabled) return
  throw new ApiError('InvalidRequest', { message: 'Bucket is missing Object Lock Configuration' })
}

const withLock = (version: ObjectVersion, lock: ObjectLock): ObjectVersion =>
  Object.keys(lock).length === 0 ? version : { ...version, lock }

const dayMs = 86_400_000

/** The condition keys of a retention in a body. */
function retentionKeys({ mode, untilMs, eventHold, holdPeriod }: RequestedRetention, nowMs: number): ConditionKeys {
  return {
    ...(mode && { 's3:object-lock-mode': mode }),
    ...(untilMs !== undefined && {
      's3:object-lock-retain-until-date': formatLockDate(untilMs),
      's3:object-lock-remaining-retention-days': String(Math.ceil((untilMs - nowMs) / dayMs)),
    }),
    ...(eventHold && { 's3:object-lock-event-hold': eventHold }),
    ...(holdPeriod && { 's3:object-lock-event-hold-duration-days': String(daysOfPeriod(holdPeriod)) }),
  }
}
