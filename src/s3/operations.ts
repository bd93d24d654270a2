/**
 * The table of S3: every operation with its route, its IAM action and its function. See route.ts for the syntax of
 * routes. All names are those of the service model inside @aws-sdk/client-s3.
 */
import { getBucketAcl, putBucketAcl } from './bucket/acl.ts'
import { createBucket } from './bucket/create-bucket.ts'
import { deleteBucket } from './bucket/delete-bucket.ts'
import { getBucketLocation } from './bucket/get-bucket-location.ts'
import { headBucket } from './bucket/head-bucket.ts'
import { listTagsForResource, tagResource, untagResource } from './bucket/resource-tags.ts'
import { settingRows } from './bucket/setting.ts'
import { accelerate } from './bucket/settings/accelerate.ts'
import { abac } from './bucket/settings/access/abac.ts'
import { ownershipControls } from './bucket/settings/access/ownership-controls.ts'
import { getBucketPolicyStatus, policy } from './bucket/settings/access/policy.ts'
import { publicAccessBlock } from './bucket/settings/access/public-access-block.ts'
import { cors } from './bucket/settings/cors.ts'
import { encryption } from './bucket/settings/encryption.ts'
import { notBuiltRows } from './bucket/settings/not-built.ts'
import { objectLock } from './bucket/settings/object-lock.ts'
import { requestPayment } from './bucket/settings/request-payment.ts'
import { tagging } from './bucket/settings/tagging.ts'
import { versioning } from './bucket/settings/versioning.ts'
import { website } from './bucket/settings/website.ts'
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
import {
  deleteObjectAnnotation,
  getObjectAnnotation,
  listObjectAnnotations,
  putObjectAnnotation,
} from './object/annotations.ts'
import { copyObject } from './object/copy-object.ts'
import { deleteObject } from './object/delete-object.ts'
import { deleteObjects } from './object/delete-objects.ts'
import { getObject, headObject } from './object/get-object.ts'
import { getObjectAttributes } from './object/get-object-attributes.ts'
import { getObjectLegalHold, getObjectRetention, putObjectLegalHold, putObjectRetention } from './object/object-lock.ts'
import { putObject } from './object/put-object.ts'
import { renameObject } from './object/rename-object.ts'
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './object/tagging.ts'
import { updateObjectEncryption } from './object/update-object-encryption.ts'
import type { AskedAction, OperationRow } from './operation.ts'
import { listBuckets } from './service/list-buckets.ts'
import { refused, unsupported } from './unsupported.ts'

/** Reading or deleting a version by its id needs another permission. */
const byVersion = (action: string, versionAction: string) => (asked: AskedAction) =>
  asked.query.has('versionId') ? versionAction : action

/** Anonymous callers own no bucket, so their list is empty. */
const unlessAnonymous = (action: string) => (asked: AskedAction) => (asked.principal.isAnonymous ? undefined : action)

/** For other callers the operation checks the permission, since the body contains the location. */
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
  { name: 'GetBucketPolicyStatus', route: 'GET bucket ?policyStatus', action: 's3:GetBucketPolicyStatus', run: getBucketPolicyStatus },
  { name: 'GetBucketAcl', route: 'GET bucket ?acl', action: 's3:GetBucketAcl', run: getBucketAcl },
  { name: 'PutBucketAcl', route: 'PUT bucket ?acl', action: 's3:PutBucketAcl', run: putBucketAcl },

  // S3 Control: /v20180820/tags/{arn}
  { name: 'ListTagsForResource', route: 'GET tags', action: undefined, run: listTagsForResource, withoutBucket: true },
  { name: 'TagResource', route: 'POST tags', action: undefined, run: tagResource, withoutBucket: true },
  { name: 'UntagResource', route: 'DELETE tags', action: undefined, run: untagResource, withoutBucket: true },

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
  { name: 'PutObjectAnnotation', route: 'PUT object ?annotation (annotationName)', action: byVersion('s3:PutObjectAnnotation', 's3:PutObjectVersionAnnotation'), run: putObjectAnnotation, reads: 'record', refusesMarkers: true },
  { name: 'GetObjectAnnotation', route: 'GET object ?annotation ?annotationName=', action: byVersion('s3:GetObjectAnnotation', 's3:GetObjectVersionAnnotation'), run: getObjectAnnotation, reads: 'record', refusesMarkers: true },
  { name: 'ListObjectAnnotations', route: 'GET object ?annotation', action: byVersion('s3:ListObjectAnnotations', 's3:ListObjectVersionAnnotations'), run: listObjectAnnotations, reads: 'record', refusesMarkers: true },
  { name: 'DeleteObjectAnnotation', route: 'DELETE object ?annotation (annotationName)', action: byVersion('s3:DeleteObjectAnnotation', 's3:DeleteObjectVersionAnnotation'), run: deleteObjectAnnotation, reads: 'record', refusesMarkers: true },
  { name: 'UpdateObjectEncryption', route: 'PUT object ?encryption', action: undefined, run: updateObjectEncryption },
  { name: 'GetObjectRetention', route: 'GET object ?retention', action: 's3:GetObjectRetention', run: getObjectRetention, reads: 'record', refusesMarkers: true },
  { name: 'PutObjectRetention', route: 'PUT object ?retention', action: undefined, run: putObjectRetention },
  { name: 'GetObjectLegalHold', route: 'GET object ?legal-hold', action: 's3:GetObjectLegalHold', run: getObjectLegalHold, reads: 'record', refusesMarkers: true },
  { name: 'PutObjectLegalHold', route: 'PUT object ?legal-hold', action: undefined, run: putObjectLegalHold },
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

  // Get, Put and Delete of bucket settings come from their descriptions
  ...settingRows(abac),
  ...settingRows(accelerate),
  ...settingRows(cors),
  ...settingRows(encryption),
  ...settingRows(objectLock),
  ...settingRows(ownershipControls),
  ...settingRows(policy),
  ...settingRows(publicAccessBlock),
  ...settingRows(requestPayment),
  ...settingRows(tagging),
  ...settingRows(versioning),
  ...settingRows(website),
  ...notBuiltRows,

  // Operations of directory buckets, and of BitTorrent, which S3 has removed
  refused('CreateSession', 'GET bucket ?session', 'BUCKET'),
  refused('GetObjectTorrent', 'GET object ?torrent', 'OBJECT'),
  refused('ListDirectoryBuckets', 'GET service ?x-id=ListDirectoryBuckets', 'SERVICE'),

  // Not served yet
  unsupported('CreateBucketMetadataConfiguration', 'POST bucket ?metadataConfiguration'),
  unsupported('CreateBucketMetadataTableConfiguration', 'POST bucket ?metadataTable'),
  unsupported('RestoreObject', 'POST object ?restore'),
  unsupported('SelectObjectContent', 'POST object ?select ?select-type=2'),
  unsupported('UpdateBucketMetadataAnnotationTableConfiguration', 'PUT bucket ?metadataAnnotationTable'),
  unsupported('UpdateBucketMetadataInventoryTableConfiguration', 'PUT bucket ?metadataInventoryTable'),
  unsupported('UpdateBucketMetadataJournalTableConfiguration', 'PUT bucket ?metadataJournalTable'),
  unsupported('WriteGetObjectResponse', 'POST bucket [x-amz-request-route]'),
]
