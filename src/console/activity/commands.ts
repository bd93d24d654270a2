/** The operations of S3 as commands of the AWS CLI and calls of the SDK, with their parameters and document. */
import type { RequestRecord } from '#access/records/activity.ts'
import { elementAt, elementsAt, parseXml, textAt, type XmlElements } from '#lib/text/xml.ts'
import { limits } from '#model/limits.ts'
import { servedDocumentBytes } from '#model/served-request.ts'

/** A name in the request, as an option of `aws` and as a member of the SDK's input. */
type Named = readonly [name: string, option: string, member: string]

export interface Command {
  /** The command of `aws s3api`. */
  readonly name: string
  /** The end of the command. */
  readonly ends?: string
  /** Further headers that it expresses. */
  readonly headers?: readonly Named[]
  /** The member of the input that is the body, its option, and how it is read. */
  readonly body?: { readonly member: string; readonly option: string; readonly read: (text: string) => unknown }
}

const command = (name: string, more: Omit<Command, 'name'> = {}): Command => ({ name, ...more })
const tagging = { member: 'Tagging', option: 'tagging', read: fromXml(readTagging) }
const versioning = {
  member: 'VersioningConfiguration',
  option: 'versioning-configuration',
  read: fromXml(readVersioning),
}
const publicAccess = {
  member: 'PublicAccessBlockConfiguration',
  option: 'public-access-block-configuration',
  read: fromXml(readSwitches),
}

const ownership = { member: 'OwnershipControls', option: 'ownership-controls', read: fromXml(readOwnership) }
const cors = { member: 'CORSConfiguration', option: 'cors-configuration', read: fromXml(readCors) }
const parts = { member: 'MultipartUpload', option: 'multipart-upload', read: fromXml(readParts) }

const ofNewObject = [
  ['content-type', 'content-type', 'ContentType'],
  ['x-amz-acl', 'acl', 'ACL'],
  ['x-amz-tagging', 'tagging', 'Tagging'],
] as const
const ofSource = [
  ['x-amz-copy-source', 'copy-source', 'CopySource'],
  ['x-amz-copy-source-range', 'copy-source-range', 'CopySourceRange'],
  ['x-amz-metadata-directive', 'metadata-directive', 'MetadataDirective'],
  ['x-amz-tagging-directive', 'tagging-directive', 'TaggingDirective'],
] as const

const commands: ReadonlyMap<string, Command> = new Map(
  Object.entries({
    ListBuckets: command('list-buckets'),
    CreateBucket: command('create-bucket'),
    DeleteBucket: command('delete-bucket'),
    HeadBucket: command('head-bucket'),
    GetBucketLocation: command('get-bucket-location'),
    GetBucketVersioning: command('get-bucket-versioning'),
    PutBucketVersioning: command('put-bucket-versioning', { body: versioning }),
    GetBucketPolicy: command('get-bucket-policy'),
    GetBucketPolicyStatus: command('get-bucket-policy-status'),
    PutBucketPolicy: command('put-bucket-policy', { body: { member: 'Policy', option: 'policy', read: readJson } }),
    DeleteBucketPolicy: command('delete-bucket-policy'),
    GetBucketAcl: command('get-bucket-acl'),
    GetBucketOwnershipControls: command('get-bucket-ownership-controls'),
    PutBucketOwnershipControls: command('put-bucket-ownership-controls', { body: ownership }),
    DeleteBucketOwnershipControls: command('delete-bucket-ownership-controls'),
    GetPublicAccessBlock: command('get-public-access-block'),
    PutPublicAccessBlock: command('put-public-access-block', { body: publicAccess }),
    DeletePublicAccessBlock: command('delete-public-access-block'),
    PutBucketCors: command('put-bucket-cors', { body: cors }),
    GetBucketTagging: command('get-bucket-tagging'),
    PutBucketTagging: command('put-bucket-tagging', { body: tagging }),
    DeleteBucketTagging: command('delete-bucket-tagging'),
    ListObjects: command('list-objects'),
    ListObjectsV2: command('list-objects-v2'),
    ListObjectVersions: command('list-object-versions'),
    ListMultipartUploads: command('list-multipart-uploads'),
    ListParts: command('list-parts'),
    AbortMultipartUpload: command('abort-multipart-upload'),
    GetObject: command('get-object', { ends: "'<file to write>'" }),
    HeadObject: command('head-object'),
    DeleteObject: command('delete-object'),
    DeleteObjects: command('delete-objects', {
      body: { member: 'Delete', option: 'delete', read: fromXml(readDelete) },
    }),
    PutObject: command('put-object', { ends: "--body '<file to send>'", headers: ofNewObject }),
    CopyObject: command('copy-object', { headers: [...ofNewObject, ...ofSource] }),
    CreateMultipartUpload: command('create-multipart-upload', { headers: ofNewObject }),
    UploadPart: command('upload-part', { ends: "--body '<file to send>'" }),
    UploadPartCopy: command('upload-part-copy', { headers: ofSource }),
    CompleteMultipartUpload: command('complete-multipart-upload', { body: parts }),
    GetObjectAcl: command('get-object-acl'),
    GetObjectTagging: command('get-object-tagging'),
    PutObjectTagging: command('put-object-tagging', { body: tagging }),
    DeleteObjectTagging: command('delete-object-tagging'),
    ...namedAlike(`GetBucketAbac GetBucketAccelerateConfiguration GetBucketCors DeleteBucketCors GetBucketEncryption
      DeleteBucketEncryption GetBucketLifecycleConfiguration DeleteBucketLifecycle GetBucketLogging
      GetBucketNotificationConfiguration GetBucketReplication DeleteBucketReplication GetBucketRequestPayment
      GetBucketWebsite DeleteBucketWebsite ListBucketAnalyticsConfigurations GetBucketAnalyticsConfiguration
      DeleteBucketAnalyticsConfiguration ListBucketIntelligentTieringConfigurations
      GetBucketIntelligentTieringConfiguration DeleteBucketIntelligentTieringConfiguration
      ListBucketInventoryConfigurations GetBucketInventoryConfiguration DeleteBucketInventoryConfiguration
      ListBucketMetricsConfigurations GetBucketMetricsConfiguration DeleteBucketMetricsConfiguration
      GetBucketMetadataConfiguration DeleteBucketMetadataConfiguration GetBucketMetadataTableConfiguration
      DeleteBucketMetadataTableConfiguration GetObjectLockConfiguration GetObjectRetention GetObjectLegalHold`),
  }),
)

/** Commands that are named like their operations and have no body. */
function namedAlike(operations: string): Record<string, Command> {
  const kebab = (name: string) => name.replace(/(?!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase()
  return Object.fromEntries(operations.split(/\s+/).map((name) => [name, command(kebab(name))]))
}

/** A value of the input: as an option of `aws` and as a member of the SDK's input. */
export interface Parameter {
  readonly option: string
  readonly member: string
  /** A string, or a JSON value. */
  readonly value: unknown
}

export interface Line {
  readonly command: Command
  readonly parameters: readonly Parameter[]
}

/** Undefined if there is no such command, or its body was cut. */
export function commandOf(record: RequestRecord): Line | undefined {
  const found = commands.get(record.operation ?? '')
  if (found === undefined) return undefined
  const parameters: Parameter[] = simpleParameters(record, found.headers ?? [])
  if (found.body !== undefined) {
    const { member, option, read } = found.body
    const value = readBody(record, read)
    if (value === undefined) return undefined
    parameters.push({ member, option, value })
  }
  return { command: found, parameters }
}

const ofAny: readonly Named[] = [['range', 'range', 'Range']]
const ofQuery: readonly Named[] = [
  ['prefix', 'prefix', 'Prefix'],
  ['delimiter', 'delimiter', 'Delimiter'],
  ['versionId', 'version-id', 'VersionId'],
  ['uploadId', 'upload-id', 'UploadId'],
  ['id', 'id', 'Id'],
]

function simpleParameters({ bucket, key, target, headers }: RequestRecord, named: readonly Named[]): Parameter[] {
  const query = new URLSearchParams(target.split('?')[1] ?? '')
  const header = (wanted: string) => headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? ''
  const metadata = headers
    .filter(([name]) => /^x-amz-meta-./i.test(name))
    .map(([name, value]) => [name.slice(11), value])
  const partNumber = query.get('partNumber')
  return [
    { option: 'bucket', member: 'Bucket', value: bucket },
    { option: 'key', member: 'Key', value: key },
    ...ofQuery.map(([name, option, member]) => ({ option, member, value: query.get(name) ?? '' })),
    { option: 'part-number', member: 'PartNumber', value: partNumber === null ? '' : Number(partNumber) },
    ...[...ofAny, ...named].map(([name, option, member]) => ({ option, member, value: header(name) })),
    { option: 'metadata', member: 'Metadata', value: metadata.length === 0 ? '' : Object.fromEntries(metadata) },
  ].filter(({ value }) => value !== '')
}

function readBody({ document }: RequestRecord, read: (text: string) => unknown): unknown {
  if (document === undefined || Buffer.byteLength(document) >= servedDocumentBytes) return undefined
  try {
    return read(document)
  } catch {
    return undefined
  }
}

function readJson(text: string): string {
  return JSON.stringify(JSON.parse(text))
}

function fromXml(read: (content: XmlElements) => unknown): (text: string) => unknown {
  return (text) => read(parseXml(text, { maxDepth: limits.xmlDepth, maxMarkup: limits.xmlMarkup }).content)
}

function readTagging(content: XmlElements) {
  const tags = elementsAt(elementAt(content, 'TagSet') ?? {}, 'Tag')
  return { TagSet: tags.map((tag) => ({ Key: textAt(tag, 'Key') ?? '', Value: textAt(tag, 'Value') ?? '' })) }
}

function readVersioning(content: XmlElements) {
  return { Status: textAt(content, 'Status') }
}

function readSwitches(content: XmlElements) {
  return Object.fromEntries(Object.keys(content).map((name) => [name, textAt(content, name) === 'true']))
}

function readDelete(content: XmlElements) {
  const objects = elementsAt(content, 'Object').map((one) => ({
    Key: textAt(one, 'Key'),
    VersionId: textAt(one, 'VersionId'),
  }))
  return { Objects: objects, ...(textAt(content, 'Quiet') === 'true' ? { Quiet: true } : {}) }
}

function readOwnership(content: XmlElements) {
  return { Rules: elementsAt(content, 'Rule').map((rule) => ({ ObjectOwnership: textAt(rule, 'ObjectOwnership') })) }
}

function readCors(content: XmlElements) {
  const rules = elementsAt(content, 'CORSRule').map((rule) => ({
    ID: textAt(rule, 'ID'),
    ...Object.fromEntries(
      ['AllowedHeader', 'AllowedMethod', 'AllowedOrigin', 'ExposeHeader'].map((name) => [
        `${name}s`,
        rule[name] === undefined ? undefined : [rule[name]].flat(),
      ]),
    ),
    MaxAgeSeconds: rule.MaxAgeSeconds === undefined ? undefined : Number(rule.MaxAgeSeconds),
  }))
  return { CORSRules: rules }
}

function readParts(content: XmlElements) {
  const parts = elementsAt(content, 'Part').map((part) => ({
    PartNumber: Number(textAt(part, 'PartNumber')),
    ETag: textAt(part, 'ETag'),
  }))
  return { Parts: parts }
}
