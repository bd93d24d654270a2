/** Settings of buckets and objects that cannot be made yet: the answers to requests with and without permission. */
import { type BadCase, table } from '../../case.ts'

const ofBucket: readonly (readonly [operation: string, line: string, answers?: string])[] = [
  ['GetBucketAbac', 'GET ?abac'],
  ['GetBucketAccelerateConfiguration', 'GET ?accelerate'],
  ['GetBucketCors', 'GET ?cors', '404 NoSuchCORSConfiguration'],
  ['DeleteBucketCors', 'DELETE ?cors'],
  ['GetBucketEncryption', 'GET ?encryption', '404 ServerSideEncryptionConfigurationNotFoundError'],
  ['DeleteBucketEncryption', 'DELETE ?encryption'],
  ['GetBucketLifecycleConfiguration', 'GET ?lifecycle', '404 NoSuchLifecycleConfiguration'],
  ['DeleteBucketLifecycle', 'DELETE ?lifecycle'],
  ['GetBucketLogging', 'GET ?logging'],
  ['GetBucketMetadataConfiguration', 'GET ?metadataConfiguration', '404 MetadataConfigurationNotFound'],
  ['DeleteBucketMetadataConfiguration', 'DELETE ?metadataConfiguration', '404 MetadataConfigurationNotFound'],
  ['GetBucketMetadataTableConfiguration', 'GET ?metadataTable', '404 MetadataConfigurationNotFound'],
  ['DeleteBucketMetadataTableConfiguration', 'DELETE ?metadataTable', '404 MetadataConfigurationNotFound'],
  ['GetBucketNotificationConfiguration', 'GET ?notification'],
  ['GetBucketReplication', 'GET ?replication', '404 ReplicationConfigurationNotFoundError'],
  ['DeleteBucketReplication', 'DELETE ?replication'],
  ['GetBucketRequestPayment', 'GET ?requestPayment'],
  ['GetBucketWebsite', 'GET ?website', '404 NoSuchWebsiteConfiguration'],
  ['DeleteBucketWebsite', 'DELETE ?website'],
  ['ListBucketAnalyticsConfigurations', 'GET ?analytics'],
  ['GetBucketAnalyticsConfiguration', 'GET ?analytics&id=a', '404 NoSuchConfiguration'],
  ['DeleteBucketAnalyticsConfiguration', 'DELETE ?analytics&id=a', '404 NoSuchConfiguration'],
  ['ListBucketIntelligentTieringConfigurations', 'GET ?intelligent-tiering'],
  ['GetBucketIntelligentTieringConfiguration', 'GET ?intelligent-tiering&id=a', '404 NoSuchConfiguration'],
  ['DeleteBucketIntelligentTieringConfiguration', 'DELETE ?intelligent-tiering&id=a', '404 NoSuchConfiguration'],
  ['ListBucketInventoryConfigurations', 'GET ?inventory'],
  ['GetBucketInventoryConfiguration', 'GET ?inventory&id=a', '404 NoSuchConfiguration'],
  ['DeleteBucketInventoryConfiguration', 'DELETE ?inventory&id=a', '404 NoSuchConfiguration'],
  ['ListBucketMetricsConfigurations', 'GET ?metrics'],
  ['GetBucketMetricsConfiguration', 'GET ?metrics&id=a', '404 NoSuchConfiguration'],
  ['DeleteBucketMetricsConfiguration', 'DELETE ?metrics&id=a', '404 NoSuchConfiguration'],
  ['GetObjectLockConfiguration', 'GET ?object-lock', '404 ObjectLockConfigurationNotFoundError'],
]

const ofObject = [
  ['GetObjectRetention', 'retention'],
  ['GetObjectLegalHold', 'legal-hold'],
] as const

export const unsetSettings: readonly BadCase[] = [
  ...ofBucket.flatMap(([operation, line, answers]) => {
    const [method, query] = line.split(' ')
    const at = (bucket: string) => `${method} /${bucket}${query}`
    return table(operation, at('bucket'), {}, [
      ['of a bucket that is not there', at('absent-bucket'), '404 NoSuchBucket'],
      ['of a bucket of others', at('theirs'), '403 AccessDenied'],
      ['by one who may only read objects', { as: 'reader' }, '403 AccessDenied'],
      ['by a stranger', { as: 'anonymous' }, '403 AccessDenied'],
      ...(answers === undefined ? [] : ([['that there is none of', at('bucket'), answers]] as const)),
    ])
  }),
  ...ofObject.flatMap(([operation, name]) =>
    table(operation, `GET /bucket/object?${name}`, {}, [
      ['in a bucket without lock', '', '400 InvalidRequest'],
      ['in a bucket that is not there', `GET /absent-bucket/object?${name}`, '404 NoSuchBucket'],
      ['in a bucket of others', `GET /theirs/object?${name}`, '403 AccessDenied'],
      ['by a stranger', { as: 'anonymous' }, '403 AccessDenied'],
    ]),
  ),
]
