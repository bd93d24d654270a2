/**
 * The map of S3: every operation, where it is, what it needs permission for, and what it does. See route.ts for how to read a
 * route. The authority on names is the service model inside @aws-sdk/client-s3.
 */
import { getBucketAcl, putBucketAcl } from './bucket/acl.ts'
import { createBucket } from './bucket/create-bucket.ts'
import { deleteBucket } from './bucket/delete-bucket.ts'
import { getBucketLocation } from './bucket/get-bucket-location.ts'
import { headBucket } from './bucket/head-bucket.ts'
import {
  deleteBucketOwnershipControls,
  getBucketOwnershipControls,
  putBucketOwnershipControls,
} from './bucket/ownership-controls.ts'
import { deleteBucketPolicy, getBucketPolicy, getBucketPolicyStatus, putBucketPolicy } from './bucket/policy.ts'
import { deletePublicAccessBlock, getPublicAccessBlock, putPublicAccessBlock } from './bucket/public-access-block.ts'
import { deleteBucketTagging, getBucketTagging, putBucketTagging } from './bucket/tagging.ts'
import {
  absent,
  absentId,
  deleteAbsent,
  getBucketAccelerate,
  getObjectLock,
  getObjectLockConfiguration,
  unset,
} from './bucket/unset-settings.ts'
import { getBucketVersioning, putBucketVersioning } from './bucket/versioning.ts'
import { postObject } from './form/post-object.ts'
import { listObjectVersions } from './listing/list-object-versions.ts'
import { listObjects } from './listing/list-objects.ts'
import { listObjectsV2 } from './listing/list-objects-v2.ts'
import { abortMultipartUpload } from './multipart/abort-upload.ts'
import { completeMultipartUpload } from './multipart/complete-upload.ts'
import { createMultipartUpload } from './multipart/create-upload.ts'
import { listParts } from './multipart/list-parts.ts'
import { listMultipartUploads } from './multipart/list-uploads.ts'
import { uploadPart } from './multipart/upload-part.ts'
import { uploadPartCopy } from './multipart/upload-part-copy.ts'
import { getObjectAcl, putObjectAcl } from './object/acl.ts'
import { copyObject } from './object/copy-object.ts'
import { deleteObject } from './object/delete-object.ts'
import { deleteObjects } from './object/delete-objects.ts'
import { getObject, headObject } from './object/get-object.ts'
import { getObjectAttributes } from './object/get-object-attributes.ts'
import { putObject } from './object/put-object.ts'
import { renameObject } from './object/rename-object.ts'
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './object/tagging.ts'
import type { AskedAction, OperationRow } from './operation.ts'
import { listBuckets } from './service/list-buckets.ts'
import { unsupported } from './unsupported.ts'

/** Reading or removing a version by its id is a permission of its own. */
const byVersion = (action: string, versionAction: string) => (asked: AskedAction) =>
  asked.query.has('versionId') ? versionAction : action

/** Anonymous callers own no bucket and are shown none. */
const unlessAnonymous = (action: string) => (asked: AskedAction) => (asked.principal.isAnonymous ? undefined : action)

/** Everyone else is asked about once the body has told the location. */
const onlyAnonymous = (action: string) => (asked: AskedAction) => (asked.principal.isAnonymous ? action : undefined)

// biome-ignore format: a table
export const operations: readonly OperationRow[] = [
  // Service
  { name: 'ListBuckets', route: 'GET service', action: unlessAnonymous('s3:ListAllMyBuckets'), run: listBuckets },

  // Buckets
  { name: 'CreateBucket', route: 'PUT bucket', action: onlyAnonymous('s3:CreateBucket'), run: createBucket, withoutBucket: true },
  { name: 'HeadBucket', route: 'HEAD bucket', action: 's3:ListBucket', run: headBucket },
  { name: 'DeleteBucket', route: 'DELETE bucket', action: 's3:DeleteBucket', run: deleteBucket },
  { name: 'GetBucketLocation', route: 'GET bucket ?location', action: 's3:GetBucketLocation', run: getBucketLocation },
  { name: 'ListObjects', route: 'GET bucket (list-type)', action: 's3:ListBucket', run: listObjects },
  { name: 'ListObjectsV2', route: 'GET bucket ?list-type=2', action: 's3:ListBucket', run: listObjectsV2 },
  { name: 'ListObjectVersions', route: 'GET bucket ?versions', action: 's3:ListBucketVersions', run: listObjectVersions },
  { name: 'GetBucketVersioning', route: 'GET bucket ?versioning', action: 's3:GetBucketVersioning', run: getBucketVersioning },
  { name: 'PutBucketVersioning', route: 'PUT bucket ?versioning', action: 's3:PutBucketVersioning', run: putBucketVersioning },
  { name: 'GetBucketPolicy', route: 'GET bucket ?policy', action: 's3:GetBucketPolicy', run: getBucketPolicy },
  { name: 'PutBucketPolicy', route: 'PUT bucket ?policy', action: 's3:PutBucketPolicy', run: putBucketPolicy },
  { name: 'DeleteBucketPolicy', route: 'DELETE bucket ?policy', action: 's3:DeleteBucketPolicy', run: deleteBucketPolicy },
  { name: 'GetBucketPolicyStatus', route: 'GET bucket ?policyStatus', action: 's3:GetBucketPolicyStatus', run: getBucketPolicyStatus },
  { name: 'GetBucketAcl', route: 'GET bucket ?acl', action: 's3:GetBucketAcl', run: getBucketAcl },
  { name: 'PutBucketAcl', route: 'PUT bucket ?acl', action: 's3:PutBucketAcl', run: putBucketAcl },
  { name: 'GetBucketOwnershipControls', route: 'GET bucket ?ownershipControls', action: 's3:GetBucketOwnershipControls', run: getBucketOwnershipControls },
  { name: 'PutBucketOwnershipControls', route: 'PUT bucket ?ownershipControls', action: 's3:PutBucketOwnershipControls', run: putBucketOwnershipControls },
  { name: 'DeleteBucketOwnershipControls', route: 'DELETE bucket ?ownershipControls', action: 's3:PutBucketOwnershipControls', run: deleteBucketOwnershipControls },
  { name: 'GetPublicAccessBlock', route: 'GET bucket ?publicAccessBlock', action: 's3:GetBucketPublicAccessBlock', run: getPublicAccessBlock },
  { name: 'PutPublicAccessBlock', route: 'PUT bucket ?publicAccessBlock', action: 's3:PutBucketPublicAccessBlock', run: putPublicAccessBlock },
  { name: 'DeletePublicAccessBlock', route: 'DELETE bucket ?publicAccessBlock', action: 's3:PutBucketPublicAccessBlock', run: deletePublicAccessBlock },
  { name: 'GetBucketTagging', route: 'GET bucket ?tagging', action: 's3:GetBucketTagging', run: getBucketTagging },
  { name: 'PutBucketTagging', route: 'PUT bucket ?tagging', action: 's3:PutBucketTagging', run: putBucketTagging },
  { name: 'DeleteBucketTagging', route: 'DELETE bucket ?tagging', action: 's3:PutBucketTagging', run: deleteBucketTagging },

  // Objects
  { name: 'PutObject', route: 'PUT object', action: 's3:PutObject', run: putObject },
  { name: 'CopyObject', route: 'PUT object [x-amz-copy-source]', action: 's3:PutObject', run: copyObject },
  { name: 'RenameObject', route: 'PUT object ?renameObject', action: 's3:PutObject', run: renameObject },
  { name: 'GetObject', route: 'GET object (partNumber)', action: byVersion('s3:GetObject', 's3:GetObjectVersion'), run: getObject, reads: 'bytes' },
  { name: 'HeadObject', route: 'HEAD object (partNumber)', action: byVersion('s3:GetObject', 's3:GetObjectVersion'), run: headObject, reads: 'record' },
  { name: 'GetObjectAttributes', route: 'GET object ?attributes', action: byVersion('s3:GetObjectAttributes', 's3:GetObjectVersionAttributes'), run: getObjectAttributes, reads: 'record' },
  { name: 'GetObjectAcl', route: 'GET object ?acl', action: byVersion('s3:GetObjectAcl', 's3:GetObjectVersionAcl'), run: getObjectAcl, reads: 'record' },
  { name: 'PutObjectAcl', route: 'PUT object ?acl', action: byVersion('s3:PutObjectAcl', 's3:PutObjectVersionAcl'), run: putObjectAcl, reads: 'record', refusesMarkers: true },
  { name: 'GetObjectTagging', route: 'GET object ?tagging', action: byVersion('s3:GetObjectTagging', 's3:GetObjectVersionTagging'), run: getObjectTagging, reads: 'record', refusesMarkers: true },
  { name: 'PutObjectTagging', route: 'PUT object ?tagging', action: undefined, run: putObjectTagging },
  { name: 'DeleteObjectTagging', route: 'DELETE object ?tagging', action: undefined, run: deleteObjectTagging },
  { name: 'DeleteObject', route: 'DELETE object', action: byVersion('s3:DeleteObject', 's3:DeleteObjectVersion'), run: deleteObject },
  { name: 'DeleteObjects', route: 'POST bucket ?delete', action: undefined, run: deleteObjects },
  { name: 'PostObject', route: 'POST bucket', action: undefined, run: postObject, authenticatesItself: true },

  // Multipart uploads
  { name: 'CreateMultipartUpload', route: 'POST object ?uploads', action: 's3:PutObject', run: createMultipartUpload },
  { name: 'UploadPart', route: 'PUT object ?partNumber= ?uploadId=', action: 's3:PutObject', run: uploadPart },
  { name: 'UploadPartCopy', route: 'PUT object ?partNumber= ?uploadId= [x-amz-copy-source]', action: 's3:PutObject', run: uploadPartCopy },
  { name: 'CompleteMultipartUpload', route: 'POST object ?uploadId=', action: 's3:PutObject', run: completeMultipartUpload },
  { name: 'AbortMultipartUpload', route: 'DELETE object ?uploadId=', action: 's3:AbortMultipartUpload', run: abortMultipartUpload },
  { name: 'ListParts', route: 'GET object ?uploadId=', action: 's3:ListMultipartUploadParts', run: listParts },
  { name: 'ListMultipartUploads', route: 'GET bucket ?uploads', action: 's3:ListBucketMultipartUploads', run: listMultipartUploads },

  // Settings that cannot be made yet
  { name: 'GetBucketAbac', route: 'GET bucket ?abac', action: 's3:GetBucketAbac', run: unset('AbacStatus', { Status: 'Disabled' }) },
  { name: 'GetBucketAccelerateConfiguration', route: 'GET bucket ?accelerate', action: 's3:GetAccelerateConfiguration', run: getBucketAccelerate },
  { name: 'GetBucketCors', route: 'GET bucket ?cors', action: 's3:GetBucketCORS', run: absent('NoSuchCORSConfiguration') },
  { name: 'DeleteBucketCors', route: 'DELETE bucket ?cors', action: 's3:PutBucketCORS', run: deleteAbsent },
  { name: 'GetBucketEncryption', route: 'GET bucket ?encryption', action: 's3:GetEncryptionConfiguration', run: absent('ServerSideEncryptionConfigurationNotFoundError') },
  { name: 'DeleteBucketEncryption', route: 'DELETE bucket ?encryption', action: 's3:PutEncryptionConfiguration', run: deleteAbsent },
  { name: 'GetBucketLifecycleConfiguration', route: 'GET bucket ?lifecycle', action: 's3:GetLifecycleConfiguration', run: absent('NoSuchLifecycleConfiguration') },
  { name: 'DeleteBucketLifecycle', route: 'DELETE bucket ?lifecycle', action: 's3:PutLifecycleConfiguration', run: deleteAbsent },
  { name: 'GetBucketLogging', route: 'GET bucket ?logging', action: 's3:GetBucketLogging', run: unset('BucketLoggingStatus') },
  { name: 'GetBucketNotificationConfiguration', route: 'GET bucket ?notification', action: 's3:GetBucketNotification', run: unset('NotificationConfiguration') },
  { name: 'GetBucketReplication', route: 'GET bucket ?replication', action: 's3:GetReplicationConfiguration', run: absent('ReplicationConfigurationNotFoundError') },
  { name: 'DeleteBucketReplication', route: 'DELETE bucket ?replication', action: 's3:PutReplicationConfiguration', run: deleteAbsent },
  { name: 'GetBucketRequestPayment', route: 'GET bucket ?requestPayment', action: 's3:GetBucketRequestPayment', run: unset('RequestPaymentConfiguration', { Payer: 'BucketOwner' }) },
  { name: 'GetBucketWebsite', route: 'GET bucket ?website', action: 's3:GetBucketWebsite', run: absent('NoSuchWebsiteConfiguration') },
  { name: 'DeleteBucketWebsite', route: 'DELETE bucket ?website', action: 's3:DeleteBucketWebsite', run: deleteAbsent },
  { name: 'ListBucketAnalyticsConfigurations', route: 'GET bucket ?analytics', action: 's3:GetAnalyticsConfiguration', run: unset('ListBucketAnalyticsConfigurationResult', { IsTruncated: 'false' }) },
  { name: 'GetBucketAnalyticsConfiguration', route: 'GET bucket ?analytics ?id=', action: 's3:GetAnalyticsConfiguration', run: absentId },
  { name: 'DeleteBucketAnalyticsConfiguration', route: 'DELETE bucket ?analytics ?id=', action: 's3:PutAnalyticsConfiguration', run: absentId },
  { name: 'ListBucketIntelligentTieringConfigurations', route: 'GET bucket ?intelligent-tiering', action: 's3:GetIntelligentTieringConfiguration', run: unset('ListBucketIntelligentTieringConfigurationsOutput', { IsTruncated: 'false' }) },
  { name: 'GetBucketIntelligentTieringConfiguration', route: 'GET bucket ?intelligent-tiering ?id=', action: 's3:GetIntelligentTieringConfiguration', run: absentId },
  { name: 'DeleteBucketIntelligentTieringConfiguration', route: 'DELETE bucket ?intelligent-tiering ?id=', action: 's3:PutIntelligentTieringConfiguration', run: absentId },
  { name: 'ListBucketInventoryConfigurations', route: 'GET bucket ?inventory', action: 's3:GetInventoryConfiguration', run: unset('ListInventoryConfigurationsResult', { IsTruncated: 'false' }) },
  { name: 'GetBucketInventoryConfiguration', route: 'GET bucket ?inventory ?id=', action: 's3:GetInventoryConfiguration', run: absentId },
  { name: 'DeleteBucketInventoryConfiguration', route: 'DELETE bucket ?inventory ?id=', action: 's3:PutInventoryConfiguration', run: absentId },
  { name: 'ListBucketMetricsConfigurations', route: 'GET bucket ?metrics', action: 's3:GetMetricsConfiguration', run: unset('ListMetricsConfigurationsResult', { IsTruncated: 'false' }) },
  { name: 'GetBucketMetricsConfiguration', route: 'GET bucket ?metrics ?id=', action: 's3:GetMetricsConfiguration', run: absentId },
  { name: 'DeleteBucketMetricsConfiguration', route: 'DELETE bucket ?metrics ?id=', action: 's3:PutMetricsConfiguration', run: absentId },
  { name: 'GetObjectLockConfiguration', route: 'GET bucket ?object-lock', action: 's3:GetBucketObjectLockConfiguration', run: getObjectLockConfiguration },
  { name: 'GetObjectRetention', route: 'GET object ?retention', action: 's3:GetObjectRetention', run: getObjectLock, reads: 'record' },
  { name: 'GetObjectLegalHold', route: 'GET object ?legal-hold', action: 's3:GetObjectLegalHold', run: getObjectLock, reads: 'record' },

  // Not served yet
  unsupported('CreateBucketMetadataConfiguration', 'POST bucket ?metadataConfiguration'),
  unsupported('CreateBucketMetadataTableConfiguration', 'POST bucket ?metadataTable'),
  unsupported('CreateSession', 'GET bucket ?session'),
  unsupported('DeleteBucketMetadataConfiguration', 'DELETE bucket ?metadataConfiguration'),
  unsupported('DeleteBucketMetadataTableConfiguration', 'DELETE bucket ?metadataTable'),
  unsupported('DeleteObjectAnnotation', 'DELETE object ?annotation ?annotationName='),
  unsupported('GetBucketMetadataConfiguration', 'GET bucket ?metadataConfiguration'),
  unsupported('GetBucketMetadataTableConfiguration', 'GET bucket ?metadataTable'),
  unsupported('GetObjectAnnotation', 'GET object ?annotation ?annotationName='),
  unsupported('GetObjectTorrent', 'GET object ?torrent'),
  unsupported('ListDirectoryBuckets', 'GET service ?x-id=ListDirectoryBuckets'),
  unsupported('ListObjectAnnotations', 'GET object ?annotation'),
  unsupported('PutBucketAbac', 'PUT bucket ?abac'),
  unsupported('PutBucketAccelerateConfiguration', 'PUT bucket ?accelerate'),
  unsupported('PutBucketAnalyticsConfiguration', 'PUT bucket ?analytics ?id='),
  unsupported('PutBucketCors', 'PUT bucket ?cors'),
  unsupported('PutBucketEncryption', 'PUT bucket ?encryption'),
  unsupported('PutBucketIntelligentTieringConfiguration', 'PUT bucket ?intelligent-tiering ?id='),
  unsupported('PutBucketInventoryConfiguration', 'PUT bucket ?inventory ?id='),
  unsupported('PutBucketLifecycleConfiguration', 'PUT bucket ?lifecycle'),
  unsupported('PutBucketLogging', 'PUT bucket ?logging'),
  unsupported('PutBucketMetricsConfiguration', 'PUT bucket ?metrics ?id='),
  unsupported('PutBucketNotificationConfiguration', 'PUT bucket ?notification'),
  unsupported('PutBucketReplication', 'PUT bucket ?replication'),
  unsupported('PutBucketRequestPayment', 'PUT bucket ?requestPayment'),
  unsupported('PutBucketWebsite', 'PUT bucket ?website'),
  unsupported('PutObjectAnnotation', 'PUT object ?annotation ?annotationName='),
  unsupported('PutObjectLegalHold', 'PUT object ?legal-hold'),
  unsupported('PutObjectLockConfiguration', 'PUT bucket ?object-lock'),
  unsupported('PutObjectRetention', 'PUT object ?retention'),
  unsupported('RestoreObject', 'POST object ?restore'),
  unsupported('SelectObjectContent', 'POST object ?select ?select-type=2'),
  unsupported('UpdateBucketMetadataAnnotationTableConfiguration', 'PUT bucket ?metadataAnnotationTable'),
  unsupported('UpdateBucketMetadataInventoryTableConfiguration', 'PUT bucket ?metadataInventoryTable'),
  unsupported('UpdateBucketMetadataJournalTableConfiguration', 'PUT bucket ?metadataJournalTable'),
  unsupported('UpdateObjectEncryption', 'PUT object ?encryption'),
  unsupported('WriteGetObjectResponse', 'POST bucket [x-amz-request-route]'),
]
