/** Fills a server with objects of every kind, and writes down all that it answers about them. */
import { createHash } from 'node:crypto'
import {
  type ChecksumAlgorithm,
  type ChecksumType,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectAclCommand,
  GetObjectAnnotationCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListMultipartUploadsCommand,
  ListObjectAnnotationsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectAclCommand,
  PutObjectAnnotationCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'

const algorithms: readonly ChecksumAlgorithm[] = ['CRC32', 'CRC32C', 'SHA1', 'SHA256', 'CRC64NVME']
const fullObject: readonly ChecksumAlgorithm[] = ['CRC32', 'CRC32C', 'CRC64NVME']
const partBytes = 5 * 1024 * 1024
export const versionedBuckets = ['versioned', 'suspended', 'locked', 'sealed']
export const buckets = ['plain', 'with-acls', ...versionedBuckets]

/** Bytes that differ for each name, and are the same each time. */
export function bytesOf(name: string, sizeBytes: number): Buffer {
  const seed = createHash('sha256').update(name).digest()
  const bytes = Buffer.alloc(sizeBytes)
  for (let at = 0; at < sizeBytes; at += seed.length) seed.copy(bytes, at)
  bytes.write(name.slice(0, sizeBytes))
  return bytes
}

/** Objects in the bucket `sealed` are encrypted. */
const sealingOf = (Bucket: string) => (Bucket === 'sealed' ? ({ ServerSideEncryption: 'AES256' } as const) : {})

const attributes = { ContentType: 'x/y', CacheControl: 'no-cache', Metadata: { owner: 'ada' }, Tagging: 'a=b&c=d' }

export async function fill(client: S3Client): Promise<void> {
  for (const Bucket of buckets) {
    const ObjectOwnership = Bucket === 'with-acls' ? 'ObjectWriter' : 'BucketOwnerEnforced'
    const ObjectLockEnabledForBucket = Bucket === 'locked'
    await client.send(new CreateBucketCommand({ Bucket, ObjectOwnership, ObjectLockEnabledForBucket }))
  }
  const Tagging = { TagSet: [{ Key: 'team', Value: 'blue' }] }
  await client.send(new PutBucketTaggingCommand({ Bucket: 'plain', Tagging }))
  await putEveryKind(client, 'plain', 'first')
  // Null versions, then versions of their own, delete markers, and null versions again.
  for (const Bucket of versionedBuckets) {
    await putSmall(client, Bucket, 'null')
    await setVersioning(client, Bucket, 'Enabled')
    await putSmall(client, Bucket, 'second')
    if (Bucket === 'versioned') await putUploads(client, Bucket, 'second', algorithms)
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'folder/small' }))
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'upload-SHA256-COMPOSITE' }))
    await putSmall(client, Bucket, 'third')
    await putUploads(client, Bucket, 'third', ['SHA1', 'CRC32C'])
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'medium' }))
  }
  await lockSome(client, 'locked')
  await setVersioning(client, 'suspended', 'Suspended')
  await putSmall(client, 'suspended', 'fourth')
  await client.send(new DeleteObjectCommand({ Bucket: 'suspended', Key: 'empty' }))
  const Key = 'public'
  await client.send(new PutObjectCommand({ Bucket: 'with-acls', Key, Body: 'x' }))
  await client.send(new PutObjectAclCommand({ Bucket: 'with-acls', Key, ACL: 'public-read' }))
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: 'plain', Key: 'in-progress' }))
  const part = { Bucket: 'plain', Key: 'in-progress', UploadId, PartNumber: 1, Body: bytesOf('part', partBytes) }
  await client.send(new UploadPartCommand(part))
}

/** Current and older versions, small and large: in compliance mode, held, or neither. */
async function lockSome(client: S3Client, Bucket: string): Promise<void> {
  const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }))
  const Retention = { Mode: 'COMPLIANCE', RetainUntilDate: new Date('2999-01-01') } as const
  for (const [index, { Key, VersionId }] of Versions.entries()) {
    const which = { Bucket, Key, VersionId }
    if (index % 3 === 0) await client.send(new PutObjectRetentionCommand({ ...which, Retention }))
    if (index % 4 === 0) await client.send(new PutObjectLegalHoldCommand({ ...which, LegalHold: { Status: 'ON' } }))
  }
}

async function putEveryKind(client: S3Client, Bucket: string, round: string): Promise<void> {
  await putSmall(client, Bucket, round)
  await putUploads(client, Bucket, round, algorithms)
  for (const ChecksumAlgorithm of algorithms) {
    const Key = `checksum-${ChecksumAlgorithm}`
    const Body = bytesOf(Key + round, 200_000)
    await client.send(new PutObjectCommand({ Bucket, Key, Body, ChecksumAlgorithm, ...attributes }))
  }
  for (const [at, WriteOffsetBytes] of [0, 100, 70_100].entries()) {
    const Body = bytesOf(round, at === 1 ? 70_000 : 100)
    await client.send(new PutObjectCommand({ Bucket, Key: 'appended', Body, WriteOffsetBytes }))
  }
  await client.send(new PutObjectCommand({ Bucket, Key: 'large', Body: bytesOf(round, 40 * 1024 * 1024) }))
}

async function putSmall(client: S3Client, Bucket: string, round: string): Promise<void> {
  const sizes = { empty: 0, 'folder/small': 10, medium: 70_000, 'opaque//key': 100, 'opaque/': 0, '€/ü.txt': 3000 }
  for (const [Key, sizeBytes] of Object.entries(sizes)) {
    const Body = bytesOf(Key + round, sizeBytes)
    await client.send(new PutObjectCommand({ Bucket, Key, Body, ...attributes, ...sealingOf(Bucket) }))
  }
  for (const sizeBytes of [3, 100_000]) {
    const note = { AnnotationName: `note-${sizeBytes}`, AnnotationPayload: round.padEnd(sizeBytes, '.') }
    await client.send(new PutObjectAnnotationCommand({ Bucket, Key: 'medium', ...note }))
  }
}

async function putUploads(
  client: S3Client,
  Bucket: string,
  round: string,
  algorithms: readonly ChecksumAlgorithm[],
): Promise<void> {
  await upload(client, Bucket, 'upload', round, {})
  for (const ChecksumAlgorithm of algorithms) {
    for (const ChecksumType of ['COMPOSITE', 'FULL_OBJECT'] as const) {
      const isPossible =
        ChecksumType === 'COMPOSITE' ? ChecksumAlgorithm !== 'CRC64NVME' : fullObject.includes(ChecksumAlgorithm)
      if (!isPossible) continue
      await upload(client, Bucket, `upload-${ChecksumAlgorithm}-${ChecksumType}`, round, {
        ChecksumAlgorithm,
        ChecksumType,
      })
    }
  }
}

async function upload(
  client: S3Client,
  Bucket: string,
  Key: string,
  round: string,
  checksum: { ChecksumAlgorithm?: ChecksumAlgorithm; ChecksumType?: ChecksumType },
): Promise<void> {
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({ Bucket, Key, ...attributes, ...checksum, ...sealingOf(Bucket) }),
  )
  const Parts = []
  for (const [index, sizeBytes] of [partBytes, 1000].entries()) {
    const PartNumber = index + 1
    const Body = bytesOf(`${Key}${round}${PartNumber}`, sizeBytes)
    const { ChecksumAlgorithm } = checksum
    const which = ChecksumAlgorithm === undefined ? {} : { ChecksumAlgorithm }
    const answer = await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ...which }))
    const { ChecksumCRC32, ChecksumCRC32C, ChecksumSHA1, ChecksumSHA256, ChecksumCRC64NVME, ETag } = answer
    const sums = { ChecksumCRC32, ChecksumCRC32C, ChecksumSHA1, ChecksumSHA256, ChecksumCRC64NVME }
    Parts.push({ PartNumber, ETag, ...(ChecksumAlgorithm === undefined ? {} : sums) })
  }
  await client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }))
}

export async function setVersioning(client: S3Client, Bucket: string, Status: 'Enabled' | 'Suspended'): Promise<void> {
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }))
}

/** Every answer about every version, by its bucket, key and id; and the listings, in their order. */
export async function answers(client: S3Client): Promise<Map<string, unknown>> {
  const all = new Map<string, unknown>()
  for (const Bucket of buckets) {
    const list = await client.send(new ListObjectsV2Command({ Bucket, FetchOwner: true }))
    all.set(`${Bucket}: objects`, list.Contents)
    const { Versions = [], DeleteMarkers } = await client.send(new ListObjectVersionsCommand({ Bucket }))
    all.set(`${Bucket}: versions`, Versions)
    all.set(`${Bucket}: markers`, DeleteMarkers)
    const { Status } = await client.send(new GetBucketVersioningCommand({ Bucket }))
    all.set(`${Bucket}: versioning`, Status)
    for (const { Key, VersionId } of Versions) {
      all.set(`${Bucket}/${Key} ${VersionId}`, await answersAbout(client, { Bucket, Key, VersionId }))
    }
  }
  const { TagSet } = await client.send(new GetBucketTaggingCommand({ Bucket: 'plain' }))
  all.set('plain: tags', TagSet)
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: 'plain' }))
  all.set('plain: uploads', Uploads)
  for (const { Key, UploadId } of Uploads) {
    const { Parts } = await client.send(new ListPartsCommand({ Bucket: 'plain', Key, UploadId }))
    all.set(`plain: parts of ${UploadId}`, Parts)
  }
  return all
}

interface Which {
  readonly Bucket: string
  readonly Key: string | undefined
  readonly VersionId: string | undefined
}

async function answersAbout(client: S3Client, which: Which): Promise<unknown> {
  const { Body, $metadata, ...headers } = await client.send(new GetObjectCommand({ ...which, ChecksumMode: 'ENABLED' }))
  const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array()
  const { TagSet } = await client.send(new GetObjectTaggingCommand(which))
  const { Grants } = await client.send(new GetObjectAclCommand(which))
  const ObjectAttributes = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'] as const
  const asked = { ...which, ObjectAttributes: [...ObjectAttributes] }
  const { $metadata: _, ...attributesNow } = await client.send(new GetObjectAttributesCommand(asked))
  const { Annotations = [] } = await client.send(new ListObjectAnnotationsCommand(which))
  const notes = []
  for (const { AnnotationName } of Annotations) {
    const note = await client.send(new GetObjectAnnotationCommand({ ...which, AnnotationName }))
    notes.push(await note.AnnotationPayload?.transformToString())
  }
  const digest = createHash('sha256').update(bytes).digest('hex')
  return { digest, headers, TagSet, Grants, attributesNow, Annotations, notes }
}
