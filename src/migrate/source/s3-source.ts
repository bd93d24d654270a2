/** Reads any S3 server through the SDK. */
import type { Readable } from 'node:stream'
import type { GetObjectCommandInput, GetObjectCommandOutput, ListBucketsCommandOutput } from '@aws-sdk/client-s3'
import { readAnnotations } from './annotations.ts'
import { descriptionOf } from './describe.ts'
import { listCurrent, listHistories } from './listing.ts'
import { readSetting } from './read-setting.ts'
import { refusalOf } from './refusal.ts'
import { keepDocument, openSdkClient, type SdkClient, type SourceCredentials } from './sdk-client.ts'
import type { OpenSource, Refusal, Source, SourceParts, SourceVersion } from './source.ts'
import type { SourceAddress } from './source-address.ts'

export async function openSource(
  address: SourceAddress,
  credentials: SourceCredentials | undefined,
  connections: number,
): Promise<Source> {
  const client = await openSdkClient(address, credentials, connections)
  return {
    listBuckets: () => listBuckets(client),
    histories: (bucket, { prefix, withVersions }) =>
      withVersions ? listHistories(client, { bucket, prefix }) : listCurrent(client, { bucket, prefix }),
    open: (bucket, version) => open(client, addressOf(bucket, version)),
    describeParts: (bucket, version) => describeParts(client, bucket, version),
    openPart: (bucket, version, part) => open(client, { ...addressOf(bucket, version), ...partOf(part) }),
    tags: (bucket, version) => readTags(client, bucket, version),
    annotations: (bucket, version) => readAnnotations(client, bucket, version),
    setting: (bucket, name) => readSetting(client, bucket, name),
    close: () => client.s3.destroy(),
  }
}

async function listBuckets({ sdk, s3 }: SdkClient): Promise<string[]> {
  const names: string[] = []
  let ContinuationToken: string | undefined
  do {
    const page: ListBucketsCommandOutput = await s3.send(new sdk.ListBucketsCommand({ ContinuationToken }))
    names.push(...(page.Buckets ?? []).flatMap(({ Name }) => Name ?? []))
    ContinuationToken = page.ContinuationToken
  } while (ContinuationToken)
  return names
}

/** Without versions, the ETag tells whether the object is still the listed one. */
function addressOf(Bucket: string, { key: Key, versionId, etag }: SourceVersion) {
  return versionId === undefined ? { Bucket, Key, IfMatch: `"${etag}"` } : { Bucket, Key, VersionId: versionId }
}

const partOf = (part: number | { start: number; end: number }) =>
  typeof part === 'number' ? { PartNumber: part } : { Range: `bytes=${part.start}-${part.end - 1}` }

async function open({ sdk, s3 }: SdkClient, address: GetObjectCommandInput): Promise<OpenSource> {
  const answer: GetObjectCommandOutput = await s3.send(
    new sdk.GetObjectCommand({ ...address, ChecksumMode: 'ENABLED' }),
  )
  const { Body, ContentLength } = answer
  if (Body === undefined || ContentLength === undefined) throw new Error('The source answers without a length.')
  return { description: descriptionOf(answer), sizeBytes: ContentLength, body: Body as Readable }
}

/** Two requests: one describes the object, the other its first part. */
async function describeParts({ sdk, s3 }: SdkClient, bucket: string, version: SourceVersion): Promise<SourceParts> {
  const asked = { ...addressOf(bucket, version), ChecksumMode: 'ENABLED' } as const
  const whole = await s3.send(new sdk.HeadObjectCommand(asked))
  const first = await s3.send(new sdk.HeadObjectCommand({ ...asked, PartNumber: 1 })).catch(() => undefined)
  return {
    description: descriptionOf(whole),
    partCount: first?.PartsCount,
    firstBytes: first?.ContentLength ?? 0,
  }
}

async function readTags(
  { sdk, s3 }: SdkClient,
  bucket: string,
  { key: Key, versionId: VersionId }: SourceVersion,
): Promise<Readonly<Record<string, string>> | Refusal> {
  try {
    const command = new sdk.GetObjectTaggingCommand({ Bucket: bucket, Key, VersionId })
    keepDocument(command, 'Tagging')
    const { TagSet = [] } = await s3.send(command)
    return Object.fromEntries(TagSet.map((tag) => [tag.Key ?? '', tag.Value ?? '']))
  } catch (error) {
    return refusalOf(error)
  }
}
