import { tagKeys } from '#access/caller/query-facts.ts'
import { elementAt, textAt } from '#lib/text/xml.ts'
import { aclToKeep, isPublicAcl } from '#model/access/acl.ts'
import {
  defaultControls,
  hasAclsEnabled,
  type ObjectOwnership,
  objectOwnerships,
} from '#model/access/object-ownership.ts'
import { refuseBlockedAcl } from '#model/access/public-access-block.ts'
import { resolveAcl } from '#model/access/requested-acl.ts'
import { assertBucketName, type Bucket } from '#model/bucket/bucket.ts'
import { assertNamespace } from '#model/bucket/bucket-namespace.ts'
import { regionOfBucket, signedRegionOf } from '#model/bucket/bucket-region.ts'
import { newBucket } from '#model/bucket/new-bucket.ts'
import { ApiError } from '#model/errors.ts'
import { assertTags, type NamedTags } from '#model/tags.ts'
import { requestedAcl } from '#s3/acl/acl-request.ts'
import type { S3Request, S3Response, Services } from '#s3/operation.ts'
import { readXml } from '#s3/request/documents/read-xml.ts'
import { readTags } from '#s3/request/documents/tagging.ts'
import type { Store } from '#store/contract.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html */
export async function createBucket(request: S3Request, services: Services): Promise<S3Response> {
  const { store, settings } = services
  const { bucketName, caller } = request
  assertBucketName(bucketName)
  const access = readAccess(request, bucketName, services)
  const { location, named } = await readConfiguration(request)
  const place = { bucket: { name: bucketName, ownerId: '' } }
  const keys = tagKeys(Object.fromEntries(named))
  request.authorize('s3:CreateBucket', place, {
    ...keys,
    ...(location !== '' && { 's3:locationconstraint': location }),
  })
  if (named.length > 0) request.authorize('s3:TagResource', place, keys)
  const objectLockEnabled = readFlag(request, 'x-amz-bucket-object-lock-enabled')
  const lockActions = objectLockEnabled ? ['s3:PutBucketObjectLockConfiguration', 's3:PutBucketVersioning'] : []
  for (const action of lockActions) request.authorize(action, place)
  const tags = assertTags(named, 'newBucket')
  const region = regionOfBucket(location, settings)
  assertNamespace(bucketName, request.headers['x-amz-bucket-namespace']?.toString(), {
    account: services.accounts.findAccount(caller.principal.canonicalId) ?? '',
    region: signedRegionOf(region),
  })
  const asked = {
    name: bucketName,
    ownerId: caller.principal.canonicalId,
    region,
    createdAtMs: services.clock.nowMs(),
    ...(objectLockEnabled && { objectLockEnabled, versioning: 'Enabled' as const }),
    ...access,
    ...(tags && { tags }),
  }
  const bucket = newBucket(asked, settings)
  try {
    await store.createBucket(bucket)
  } catch (error) {
    // Only in us-east-1, S3 answers 200 if the owner creates the bucket again, and resets the ACL. With tags it is
    // refused, since they would be lost.
    const isOwn = error instanceof ApiError && error.code === 'BucketAlreadyOwnedByYou'
    if (!isOwn || settings.region !== globalRegion || region !== globalRegion || tags !== undefined) throw error
    if ((await store.getBucket(bucketName)).region !== globalRegion) throw error
    await resetAcl(store, bucket)
  }
  return { headers: { location: `/${bucketName}`, 'x-amz-bucket-arn': `arn:aws:s3:::${bucketName}` } }
}

const globalRegion = 'us-east-1'

async function resetAcl(store: Store, { name, acl }: Bucket): Promise<void> {
  if (acl === undefined && (await store.getBucket(name)).acl === undefined) return
  await store.updateBucket(name, ({ acl: _, ...existing }) => {
    if (acl === undefined) return existing
    if (!hasAclsEnabled(existing)) throw new ApiError('AccessControlListNotSupported')
    refuseBlockedAcl(existing, acl)
    return { ...existing, acl }
  })
}

type NewBucketAccess = Pick<Bucket, 'acl' | 'ownershipControls'>

/** Object ownership, ACL and block of the new bucket. Each needs a permission of its own. */
function readAccess(request: S3Request, name: string, { accounts, settings }: Services): NewBucketAccess {
  const { headers, caller } = request
  const ownerId = caller.principal.canonicalId
  const place = { bucket: { name, ownerId } }
  const controls = readOwnership(headers['x-amz-object-ownership'])
  if (controls !== undefined) request.authorize('s3:PutBucketOwnershipControls', place)
  const ownership =
    controls === undefined ? defaultControls(settings.defaultObjectOwnership) : { ownershipControls: controls }
  const requested = requestedAcl(headers, 'bucket', accounts)
  if (requested === undefined) return ownership
  request.authorize('s3:PutBucketAcl', place)
  const acl = aclToKeep(resolveAcl(requested, { ownerId, bucketOwnerId: ownerId }), ownerId)
  if (acl === undefined) return ownership
  if (!hasAclsEnabled(ownership)) throw new ApiError('InvalidBucketAclWithObjectOwnership')
  if (settings.defaultPublicAccessBlock && isPublicAcl(acl)) {
    throw new ApiError('InvalidBucketAclWithBlockPublicAccessError')
  }
  return { ...ownership, acl }
}

function readOwnership(header: string | string[] | undefined): ObjectOwnership | undefined {
  if (header === undefined) return undefined
  const ownership = objectOwnerships.find((one) => one === header)
  if (ownership !== undefined) return ownership
  throw new ApiError('InvalidArgument', {
    message: 'Invalid x-amz-object-ownership header',
    fields: { ArgumentName: 'x-amz-object-ownership', ArgumentValue: String(header) },
  })
}

function readFlag({ headers }: S3Request, name: string): boolean {
  const value = headers[name]
  if (value === undefined) return false
  const text = String(value).toLowerCase()
  if (text !== 'true' && text !== 'false') {
    throw new ApiError('InvalidArgument', { fields: { ArgumentName: name, ArgumentValue: String(value) } })
  }
  return text === 'true'
}

interface Configuration {
  /** '' if there is none. */
  readonly location: string
  readonly named: NamedTags
}

async function readConfiguration(request: S3Request): Promise<Configuration> {
  const document = await request.body.document()
  if (document.length === 0) return { location: '', named: [] }
  return readXml(document, 'CreateBucketConfiguration', (content) => {
    for (const name of ['Location', 'Bucket']) {
      if (content[name] !== undefined) throw new ApiError('NotImplemented', { fields: { Element: name } })
    }
    const tags = elementAt(content, 'Tags')
    return { location: textAt(content, 'LocationConstraint') ?? '', named: tags === undefined ? [] : readTags(tags) }
  })
}
