import { textAt } from '#lib/xml.ts'
import { assertBucketName, type Bucket } from '#model/bucket.ts'
import { ApiError } from '#model/errors.ts'
import type { S3Request, S3Response, S3Settings, Services } from '#s3/operation.ts'
import { readXml } from '#s3/read-xml.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html */
export async function createBucket(request: S3Request, { store, settings }: Services): Promise<S3Response> {
  const { bucketName, caller } = request
  assertBucketName(bucketName)
  refuseUnserved(request)
  const location = await readLocation(request)
  const bucketNamed = { name: bucketName, ownerId: '' }
  request.authorize(
    's3:CreateBucket',
    { bucket: bucketNamed },
    location === '' ? {} : { 's3:locationconstraint': location },
  )
  checkLocation(location, settings)
  const objectLockEnabled = readFlag(request, 'x-amz-bucket-object-lock-enabled')
  const bucket: Bucket = {
    name: bucketName,
    createdAtMs: Date.now(),
    ownerId: caller.principal.canonicalId,
    region: settings.region,
    versioning: objectLockEnabled ? 'Enabled' : 'Unversioned',
    mfaDelete: false,
    objectLockEnabled,
  }
  try {
    await store.createBucket(bucket)
  } catch (error) {
    // In us-east-1 alone, S3 says yes to an owner who asks again. Nothing is changed.
    const isOwn = error instanceof ApiError && error.code === 'BucketAlreadyOwnedByYou'
    if (!isOwn || settings.region !== 'us-east-1') throw error
  }
  return { headers: { location: `/${bucketName}` } }
}

/** Access other than the owner's would be granted or kept by these: accepting them in silence would mislead. */
function refuseUnserved({ headers }: S3Request): void {
  for (const name in headers) {
    const value = String(headers[name])
    const isServed = served.get(name)?.includes(value) ?? !name.startsWith('x-amz-grant-')
    if (!isServed) throw new ApiError('NotImplemented', { fields: { Header: name, Value: value } })
  }
}

const served = new Map([
  ['x-amz-acl', ['private']],
  ['x-amz-object-ownership', ['BucketOwnerEnforced']],
  ['x-amz-bucket-namespace', ['global']],
])

function readFlag({ headers }: S3Request, name: string): boolean {
  const value = headers[name]
  if (value === undefined) return false
  const text = String(value).toLowerCase()
  if (text !== 'true' && text !== 'false') {
    throw new ApiError('InvalidArgument', { fields: { ArgumentName: name, ArgumentValue: String(value) } })
  }
  return text === 'true'
}

async function readLocation(request: S3Request): Promise<string> {
  const document = await request.body.document()
  if (document.length === 0) return ''
  return readXml(document, 'CreateBucketConfiguration', (content) => {
    for (const name of ['Location', 'Bucket', 'Tags']) {
      if (content[name] !== undefined) throw new ApiError('NotImplemented', { fields: { Element: name } })
    }
    return textAt(content, 'LocationConstraint') ?? ''
  })
}

function checkLocation(location: string, { region }: S3Settings): void {
  if (location === '' || location === region || (location === 'EU' && region === 'eu-west-1')) return
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(location)) {
    throw new ApiError('InvalidLocationConstraint', { fields: { LocationConstraint: location } })
  }
  // The endpoint of us-east-1 makes buckets for every region; the others only for their own.
  if (region === 'us-east-1') return
  throw new ApiError('IllegalLocationConstraintException', {
    message: `The ${location} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  })
}
