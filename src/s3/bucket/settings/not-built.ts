/**
 * Settings that this server does not have yet. GET answers correctly, as AWS does for a bucket that never had the
 * setting. DELETE finds nothing to delete. PUT answers 501. To build one, replace its row by a BucketSetting.
 */
import { ApiError, type ErrorCode } from '#model/errors.ts'
import type { OperationRow, S3Request, S3Response, XmlDocument } from '#s3/operation.ts'
import { unsupported } from '#s3/unsupported.ts'

interface NotBuilt {
  readonly subresource: string
  /** The names of Get, Put and Delete with their IAM actions; the action of Put is not checked before it is built. */
  readonly get: readonly [name: string, action: string]
  readonly put?: string
  readonly delete?: readonly [name: string, action: string]
  /** An error, or a document: `['BucketLoggingStatus']`. */
  readonly missing: ErrorCode | readonly [root: string, content?: XmlDocument['content']]
  /** DELETE answers the error of GET; otherwise 204. */
  readonly deleteIsRefused?: true
}

// biome-ignore format: a table
const settings: readonly NotBuilt[] = [
  { subresource: 'lifecycle', get: ['GetBucketLifecycleConfiguration', 's3:GetLifecycleConfiguration'], put: 'PutBucketLifecycleConfiguration', delete: ['DeleteBucketLifecycle', 's3:PutLifecycleConfiguration'], missing: 'NoSuchLifecycleConfiguration' },
  { subresource: 'logging', get: ['GetBucketLogging', 's3:GetBucketLogging'], put: 'PutBucketLogging', missing: ['BucketLoggingStatus'] },
  { subresource: 'metadataConfiguration', get: ['GetBucketMetadataConfiguration', 's3:GetBucketMetadataTableConfiguration'], delete: ['DeleteBucketMetadataConfiguration', 's3:DeleteBucketMetadataTableConfiguration'], missing: 'MetadataConfigurationNotFound', deleteIsRefused: true },
  { subresource: 'metadataTable', get: ['GetBucketMetadataTableConfiguration', 's3:GetBucketMetadataTableConfiguration'], delete: ['DeleteBucketMetadataTableConfiguration', 's3:DeleteBucketMetadataTableConfiguration'], missing: 'MetadataConfigurationNotFound', deleteIsRefused: true },
  { subresource: 'notification', get: ['GetBucketNotificationConfiguration', 's3:GetBucketNotification'], put: 'PutBucketNotificationConfiguration', missing: ['NotificationConfiguration'] },
  { subresource: 'replication', get: ['GetBucketReplication', 's3:GetReplicationConfiguration'], put: 'PutBucketReplication', delete: ['DeleteBucketReplication', 's3:PutReplicationConfiguration'], missing: 'ReplicationConfigurationNotFoundError' },
]

/** Settings that a bucket may have many of, each with an id. */
// biome-ignore format: a table
const listedSettings = [
  { subresource: 'analytics', name: 'Analytics', listRoot: 'ListBucketAnalyticsConfigurationResult' },
  { subresource: 'intelligent-tiering', name: 'IntelligentTiering', listRoot: 'ListBucketIntelligentTieringConfigurationsOutput' },
  { subresource: 'inventory', name: 'Inventory', listRoot: 'ListInventoryConfigurationsResult' },
  { subresource: 'metrics', name: 'Metrics', listRoot: 'ListMetricsConfigurationsResult' },
]

export const notBuiltRows: readonly OperationRow[] = [
  ...settings.flatMap(rowsOf),
  ...listedSettings.flatMap(listedRowsOf),
]

function rowsOf({ subresource, get, put, delete: remove, missing, deleteIsRefused }: NotBuilt): OperationRow[] {
  const read = (request: S3Request): S3Response => {
    if (typeof missing === 'string') throw new ApiError(missing, { fields: { BucketName: request.bucket.name } })
    const [root, content = {}] = missing
    return { body: { root, content } }
  }
  const at = (method: string) => `${method} bucket ?${subresource}`
  return [
    { name: get[0], action: get[1], route: at('GET'), run: read },
    ...(put === undefined ? [] : [unsupported(put, at('PUT'))]),
    ...(remove === undefined
      ? []
      : [
          {
            name: remove[0],
            action: remove[1],
            route: at('DELETE'),
            run: deleteIsRefused ? read : () => ({ status: 204 }),
          },
        ]),
  ]
}

function listedRowsOf({ subresource, name, listRoot }: (typeof listedSettings)[number]): OperationRow[] {
  const [read, write] = [`s3:Get${name}Configuration`, `s3:Put${name}Configuration`]
  const list = `bucket ?${subresource}`
  const one = `${list} ?id=`
  return [
    {
      name: `ListBucket${name}Configurations`,
      action: read,
      route: `GET ${list}`,
      run: () => ({ body: { root: listRoot, content: { IsTruncated: false } } }),
    },
    { name: `GetBucket${name}Configuration`, action: read, route: `GET ${one}`, run: refuseId },
    unsupported(`PutBucket${name}Configuration`, `PUT ${one}`),
    { name: `DeleteBucket${name}Configuration`, action: write, route: `DELETE ${one}`, run: refuseId },
  ]
}

function refuseId(): never {
  throw new ApiError('NoSuchConfiguration')
}
