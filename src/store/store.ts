/** The store, made from an open engine and an open blob store. */
import type { BlobOwner } from '#blobs/contract/foreign.ts'
import type { StagedBlob } from '#blobs/contract/incoming.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import { deleteAnnotation, listAnnotations, putAnnotation } from './annotations/annotations.ts'
import { copyAnnotations, discardAnnotations } from './annotations/copy-annotations.ts'
import { importAnnotations } from './annotations/import-annotations.ts'
import { readAnnotation } from './annotations/kept-annotation.ts'
import { storeStatus } from './background.ts'
import { findSetting, putSetting } from './buckets/bucket-settings.ts'
import {
  adoptBucket,
  createBucket,
  deleteBucket,
  findBucket,
  getBucket,
  listBuckets,
  updateBucket,
} from './buckets/buckets.ts'
import { assertQuota, readUsage } from './buckets/quota.ts'
import { adopt } from './changes/adoption.ts'
import { putAppended, stageAppend } from './changes/append.ts'
import { changeVersion, rewrapVersion } from './changes/change-version.ts'
import { deleteObject } from './changes/delete.ts'
import { putObject } from './changes/publish.ts'
import { renameObject } from './changes/rename.ts'
import type { StoreContext } from './context.ts'
import type { Store } from './contract.ts'
import { compareVersions, countLeftovers } from './fsck/compare-versions.ts'
import { listObjects, listVersions } from './reads/listing.ts'
import { findVersion, headObject, listObjectParts, openObject, readAhead } from './reads/read.ts'
import { stage, stageCopy } from './staging.ts'
import { storeTimeMs } from './store-time.ts'
import { completeUpload } from './uploads/complete-upload.ts'
import { listUploads } from './uploads/list-uploads.ts'
import { discardPart, listParts, putPart, stagePart, stagePartCopy } from './uploads/parts.ts'
import { abortUpload, createUpload, getUpload } from './uploads/uploads.ts'

/** The decisions that the blob store needs from the store, about changes by hand. */
export const ownerOver = (context: StoreContext): BlobOwner => ({
  onForeign: (foreign) => adopt(context, foreign),
  onForeignBucket: (name) => adoptBucket(context, name),
  look: (bucket, key) => findVersion(context, bucket, key, undefined),
})

export function storeOver(context: StoreContext, watches: boolean, close: () => Promise<void>): Store {
  const { blobs } = context
  return {
    createBucket: (bucket) => createBucket(context, bucket),
    findBucket: (name) => findBucket(context.engine, name),
    readAhead: (bucket, key) => readAhead(context, bucket, key),
    getBucket: (name) => getBucket(context, name),
    listBuckets: (query) => listBuckets(context, query),
    updateBucket: (name, change) => updateBucket(context, name, change),
    findSetting: (bucket, name) => findSetting(context.engine, bucket, name),
    putSetting: (bucketName, name, value) => putSetting(context, bucketName, name, value),
    deleteBucket: (name) => deleteBucket(context, name, (key, uploadId) => abortUpload(context, name, key, uploadId)),
    bucketUsage: (name) => readUsage(context.engine, name),
    assertQuota: (bucket, body) => assertQuota(context.engine, bucket, body),
    stage: (body, sealing) => stage(context, body, sealing),
    stageCopy: (source, range, algorithms, sealing) => stageCopy(context, source, range, algorithms, sealing),
    discard: async (staged) => blobs.discard(staged as StagedBlob),
    putObject: (put) => putObject(context, put),
    stageAppend: (to, body, dataKeys) => stageAppend(context, to, body, dataKeys),
    putAppended: (append) => putAppended(context, append),
    findVersion: (bucket, key, versionId) => findVersion(context, bucket, key, versionId),
    headObject: (bucket, key, versionId, ahead) => headObject(context, bucket, key, versionId, ahead),
    openObject: (bucket, key, versionId, ahead) => openObject(context, bucket, key, versionId, ahead),
    changeVersion: (bucket, version, edit) => changeVersion(context, bucket, version, edit),
    rewrapVersion: (bucket, version, rewrap, origin) => rewrapVersion(context, bucket, version, rewrap, origin),
    listObjectParts: (bucket, version, after, limit) => listObjectParts(context, bucket, version, { after, limit }),
    deleteObject: (remove) => deleteObject(context, remove),
    renameObject: (rename) => renameObject(context, rename),
    listObjects: (query) => listObjects(context, query),
    listVersions: (query) => listVersions(context, query),
    createUpload: (upload) => createUpload(context, upload),
    getUpload: (bucket, key, uploadId) => getUpload(context, bucket, key, uploadId),
    listUploads: (query) => listUploads(context, query),
    stagePart: (upload, partNumber, body, dataKeys) => stagePart(context, upload, partNumber, body, dataKeys),
    stagePartCopy: (upload, partNumber, source, range, algorithms, dataKeys) =>
      stagePartCopy(context, upload, partNumber, source, range, algorithms, dataKeys),
    discardPart: (upload, staged) => discardPart(context, upload, staged),
    putPart: (upload, staged, checksum) => putPart(context, upload, staged, checksum),
    listParts: (upload, after, limit) => listParts(context, upload, after, limit),
    completeUpload: (complete) => completeUpload(context, complete),
    abortUpload: (bucket, key, uploadId, ifInitiatedMs) => abortUpload(context, bucket, key, uploadId, ifInitiatedMs),
    putAnnotation: (put) => putAnnotation(context, put),
    deleteAnnotation: (remove) => deleteAnnotation(context, remove),
    readAnnotation: (version, name, dataKeys) => readAnnotation(context, version, name, dataKeys),
    listAnnotations: (version, page) => listAnnotations(context, version, page),
    copyAnnotations: (version, keys) => copyAnnotations(context, version, keys),
    importAnnotations: (annotations, sealing) => importAnnotations(context, annotations, sealing),
    discardAnnotations: (set) => discardAnnotations(context, set),
    timeMs: () => storeTimeMs(context),
    whereabouts: (bucket, version) => blobs.whereabouts(bucket, version as StoredVersion),
    compareVersions: (stretch) => compareVersions(context, stretch),
    removeGone: blobs.removeGone?.bind(blobs),
    countLeftovers: (signal) => countLeftovers(context, signal),
    status: () => storeStatus(context, watches),
    close,
  }
}
