/** The table of the console: method, address, permission, page. `?key=` marks pages about one object. */
import { showActivity } from './activity/activity.ts'
import { showRequest } from './activity/request.ts'
import { listBucketNames } from './buckets/bucket-names.ts'
import { createBucket } from './buckets/create-bucket.ts'
import { showBuckets } from './buckets/list-buckets.ts'
import { mayExplainAction, showDenials } from './denials/denials.ts'
import { showDocs } from './docs/docs.ts'
import { uploadingPart } from './facts.ts'
import { showDocument } from './iam/document.ts'
import { liftBoundary, setBoundary } from './iam/holders/boundary.ts'
import {
  attachPolicy,
  deleteHolder,
  detachPolicy,
  joinGroup,
  leaveGroup,
  removeInline,
  saveInline,
} from './iam/holders/change-holder.ts'
import { createHolder } from './iam/holders/create-holder.ts'
import { showHolders, showUsers } from './iam/holders/list-holders.ts'
import { removePassword, setPassword } from './iam/holders/password.ts'
import { saveRole, saveTrust } from './iam/holders/roles.ts'
import { showHolder } from './iam/holders/show-holder.ts'
import { addTag, removeTag } from './iam/holders/tags.ts'
import { createKey, deleteKey, rotateKey, setKeyExpiry, setKeyStatus, showNewKey } from './iam/keys/access-keys.ts'
import {
  createManagedPolicy,
  deleteManagedPolicy,
  saveManagedPolicy,
  showManagedPolicy,
  showPolicies,
} from './iam/policies/policies.ts'
import { showSimulation } from './iam/simulation/simulate.ts'
import {
  addAlias,
  deleteKmsKey,
  describeKmsKey,
  keepKmsKey,
  removeAlias,
  saveKeyPolicy,
  setKeyState,
  setRotation,
} from './kms/change-key.ts'
import { saveKeyTags, showKeyTags } from './kms/key-tags.ts'
import { createKmsKey, showKeys } from './kms/list-keys.ts'
import { showKey } from './kms/show-key.ts'
import { saveBucketLock, showBucketLock } from './locks/bucket-lock.ts'
import { saveVersionLock, showVersionLock } from './locks/version-lock.ts'
import { saveAnnotation, showAnnotation } from './objects/annotations/annotation-page.ts'
import { createFolder, showNewFolder } from './objects/folder/create-folder.ts'
import { listingOf, showObjects } from './objects/folder/list-objects.ts'
import {
  abortUpload,
  completeUpload,
  showUpload,
  startUpload,
  uploadFile,
  uploadPart,
  writingOf,
} from './objects/folder/upload.ts'
import { sendContent } from './objects/object/content.ts'
import { saveMetadata, showMetadata } from './objects/object/metadata.ts'
import { showReaders } from './objects/object/readers.ts'
import { showObject } from './objects/object/show-object.ts'
import { deleteVersion, restoreVersion } from './objects/object/versions.ts'
import { copyObjects } from './objects/selection/copy-objects.ts'
import { deleteObjects } from './objects/selection/delete-objects.ts'
import { undoDelete } from './objects/selection/undo-delete.ts'
import { downloadZip } from './objects/selection/zip.ts'
import { showOverview } from './overview/overview.ts'
import { makePresigned, showPresign } from './presign/presign.ts'
import { type Route, route } from './route.ts'
import { abortOldUpload } from './settings/abort-upload.ts'
import { saveCors, showCors } from './settings/cors/cors-page.ts'
import { saveEncryption, showEncryption } from './settings/encryption/encryption-page.ts'
import { checkPolicy, savePolicy, showPolicyStamp } from './settings/policy.ts'
import { setAbac, setAcceleration, setPayer } from './settings/properties.ts'
import { savePublicAccess } from './settings/public-access.ts'
import { saveQuota, showQuota } from './settings/quota/quota-page.ts'
import { askRemoval, emptyBucket, removeBucket } from './settings/remove-bucket.ts'
import { showSettings } from './settings/show-settings.ts'
import { setVersioning } from './settings/versioning.ts'
import { removeWebsite, saveWebsite, showWebsite } from './settings/website/website-page.ts'
import { showSignIn, signIn } from './sign-in/sign-in.ts'
import { signOut } from './sign-in/sign-out.ts'
import { setTheme } from './sign-in/theme.ts'
import { showToken } from './sign-in/token.ts'
import { startJob } from './system/background-work.ts'
import { showNodes } from './system/nodes.ts'
import { showSystem } from './system/system.ts'
import { saveBucketTags, showBucketTags } from './tags/bucket-tags.ts'
import { saveObjectTags, showObjectTags } from './tags/object-tags.ts'

export const routes: readonly Route[] = [
  // Sign-in and sign-out
  route('get', '/ui/sign-in', 'anyone', showSignIn),
  route('post', '/ui/sign-in', 'anyone', signIn),
  route('post', '/ui/sign-out', 'signed-in', signOut),
  route('get', '/ui/token', 'signed-in', showToken),
  route('post', '/ui/theme', 'anyone', setTheme),

  route('get', '/ui', 'signed-in', showOverview),
  route('get', '/ui/activity', mayExplainAction, showActivity),
  route('get', '/ui/activity/:request', mayExplainAction, showRequest),
  route('get', '/ui/denials', mayExplainAction, showDenials),
  route('get', '/ui/docs', 'signed-in', showDocs),
  route('get', '/ui/system', 'signed-in', showSystem),
  // It concerns all accounts, so the page asks whether the visitor is of the server's own.
  route('get', '/ui/system/nodes', 'signed-in', showNodes),
  route('post', '/ui/system/jobs/:job/start', 's3:CreateJob', startJob),

  // Buckets; each bucket in a list is authorized separately.
  route('get', '/ui/buckets', 'signed-in', showBuckets),
  route('get', '/ui/bucket-names', 'signed-in', listBucketNames),
  route('post', '/ui/buckets', 'signed-in', createBucket),

  // Folders of a bucket; each selected key is authorized separately.
  route('get', '/ui/buckets/:bucket', 's3:ListBucket', showObjects, listingOf),
  route('get', '/ui/buckets/:bucket/new-folder', 'signed-in', showNewFolder),
  route('post', '/ui/buckets/:bucket/folders', 'signed-in', createFolder),
  route('post', '/ui/buckets/:bucket/delete', 'signed-in', deleteObjects),
  route('post', '/ui/buckets/:bucket/undo-delete', 'signed-in', undoDelete),
  route('post', '/ui/buckets/:bucket/copy', 'signed-in', copyObjects),
  route('post', '/ui/buckets/:bucket/zip', 'signed-in', downloadZip),

  // Identities; each page needs the actions of IAM's API.
  route('get', '/ui/iam', 'signed-in', showUsers),
  route('get', '/ui/iam/policies', 'signed-in', showPolicies),
  route('post', '/ui/iam/policies', 'signed-in', createManagedPolicy),
  route('get', '/ui/iam/policy', 'signed-in', showManagedPolicy),
  route('post', '/ui/iam/policy', 'signed-in', saveManagedPolicy),
  route('post', '/ui/iam/policy/delete', 'signed-in', deleteManagedPolicy),
  route('get', '/ui/iam/document', 'signed-in', showDocument),
  route('get', '/ui/iam/:holders', 'signed-in', showHolders),
  route('post', '/ui/iam/:holders', 'signed-in', createHolder),
  route('get', '/ui/iam/:holders/:name', 'signed-in', showHolder),
  route('get', '/ui/iam/:holders/:name/access', 'signed-in', showSimulation),
  route('post', '/ui/iam/:holders/:name/delete', 'signed-in', deleteHolder),
  route('post', '/ui/iam/:holders/:name/attach', 'signed-in', attachPolicy),
  route('post', '/ui/iam/:holders/:name/detach', 'signed-in', detachPolicy),
  route('post', '/ui/iam/:holders/:name/inline', 'signed-in', saveInline),
  route('post', '/ui/iam/:holders/:name/inline/delete', 'signed-in', removeInline),
  route('post', '/ui/iam/:holders/:name/boundary', 'signed-in', setBoundary),
  route('post', '/ui/iam/:holders/:name/boundary/remove', 'signed-in', liftBoundary),
  route('post', '/ui/iam/:holders/:name/groups/join', 'signed-in', joinGroup),
  route('post', '/ui/iam/:holders/:name/groups/leave', 'signed-in', leaveGroup),
  route('post', '/ui/iam/:holders/:name/trust', 'signed-in', saveTrust),
  route('post', '/ui/iam/:holders/:name/session', 'signed-in', saveRole),
  route('post', '/ui/iam/:holders/:name/tags', 'signed-in', addTag),
  route('post', '/ui/iam/:holders/:name/tags/remove', 'signed-in', removeTag),
  route('post', '/ui/iam/:holders/:name/password', 'signed-in', setPassword),
  route('post', '/ui/iam/:holders/:name/password/remove', 'signed-in', removePassword),
  route('post', '/ui/iam/:holders/:name/keys', 'signed-in', createKey),
  route('get', '/ui/iam/:holders/:name/keys/:key/new', 'signed-in', showNewKey),
  route('post', '/ui/iam/:holders/:name/keys/:key/status', 'signed-in', setKeyStatus),
  route('post', '/ui/iam/:holders/:name/keys/:key/expiry', 'signed-in', setKeyExpiry),
  route('post', '/ui/iam/:holders/:name/keys/:key/rotate', 'signed-in', rotateKey),
  route('post', '/ui/iam/:holders/:name/keys/:key/delete', 'signed-in', deleteKey),

  // KMS keys; each page needs the actions of KMS's API.
  route('get', '/ui/kms', 'signed-in', showKeys),
  route('post', '/ui/kms', 'signed-in', createKmsKey),
  route('get', '/ui/kms/:id', 'signed-in', showKey),
  route('post', '/ui/kms/:id/description', 'signed-in', describeKmsKey),
  route('get', '/ui/kms/:id/tags', 'signed-in', showKeyTags),
  route('post', '/ui/kms/:id/tags', 'signed-in', saveKeyTags),
  route('post', '/ui/kms/:id/aliases', 'signed-in', addAlias),
  route('post', '/ui/kms/:id/aliases/remove', 'signed-in', removeAlias),
  route('post', '/ui/kms/:id/state', 'signed-in', setKeyState),
  route('post', '/ui/kms/:id/rotation', 'signed-in', setRotation),
  route('post', '/ui/kms/:id/policy', 'signed-in', saveKeyPolicy),
  route('post', '/ui/kms/:id/deletion', 'signed-in', deleteKmsKey),
  route('post', '/ui/kms/:id/deletion/cancel', 'signed-in', keepKmsKey),

  // Settings of a bucket
  route('get', '/ui/buckets/:bucket/settings', 's3:ListBucket', showSettings),
  route('get', '/ui/buckets/:bucket/policy/stamp', 's3:GetBucketPolicy', showPolicyStamp),
  route('post', '/ui/buckets/:bucket/policy/check', 's3:PutBucketPolicy', checkPolicy),
  route('post', '/ui/buckets/:bucket/policy', 's3:PutBucketPolicy', savePolicy),
  route('post', '/ui/buckets/:bucket/public-access', 's3:PutBucketPublicAccessBlock', savePublicAccess),
  route('get', '/ui/buckets/:bucket/cors', 's3:GetBucketCORS', showCors),
  route('post', '/ui/buckets/:bucket/cors', 's3:PutBucketCORS', saveCors),
  route('get', '/ui/buckets/:bucket/encryption', 's3:GetEncryptionConfiguration', showEncryption),
  route('post', '/ui/buckets/:bucket/encryption', 's3:PutEncryptionConfiguration', saveEncryption),
  route('get', '/ui/buckets/:bucket/quota', 's3:ListBucket', showQuota),
  // Only the server's own account may set it, so the page checks that.
  route('post', '/ui/buckets/:bucket/quota', 'signed-in', saveQuota),
  route('get', '/ui/buckets/:bucket/lock', 's3:GetBucketObjectLockConfiguration', showBucketLock),
  route('post', '/ui/buckets/:bucket/lock', 's3:PutBucketObjectLockConfiguration', saveBucketLock),
  route('get', '/ui/buckets/:bucket/website', 's3:GetBucketWebsite', showWebsite),
  route('post', '/ui/buckets/:bucket/website', 's3:PutBucketWebsite', saveWebsite),
  route('post', '/ui/buckets/:bucket/website/remove', 's3:DeleteBucketWebsite', removeWebsite),
  route('post', '/ui/buckets/:bucket/request-payment', 's3:PutBucketRequestPayment', setPayer),
  route('post', '/ui/buckets/:bucket/accelerate', 's3:PutAccelerateConfiguration', setAcceleration),
  route('post', '/ui/buckets/:bucket/abac', 's3:PutBucketAbac', setAbac),
  route('get', '/ui/buckets/:bucket/tags', 's3:GetBucketTagging', showBucketTags),
  route('post', '/ui/buckets/:bucket/tags', 'signed-in', saveBucketTags),
  route('post', '/ui/buckets/:bucket/versioning', 's3:PutBucketVersioning', setVersioning),
  route('post', '/ui/buckets/:bucket/uploads/:upload/abort?key=', 's3:AbortMultipartUpload', abortOldUpload),
  route('get', '/ui/buckets/:bucket/remove', 's3:DeleteBucket', askRemoval),
  route('post', '/ui/buckets/:bucket/empty', 's3:DeleteBucket', emptyBucket),
  route('post', '/ui/buckets/:bucket/remove', 's3:DeleteBucket', removeBucket),

  // One object
  route('get', '/ui/buckets/:bucket/object?key=&versionId=', 's3:GetObject', showObject),
  route('get', '/ui/buckets/:bucket/readers?key=&versionId=', 's3:GetObject', showReaders),
  route('get', '/ui/buckets/:bucket/content?key=&versionId=', 's3:GetObject', sendContent),
  route('get', '/ui/buckets/:bucket/metadata?key=', 's3:GetObject', showMetadata),
  // The permissions of a copy depend on its source, so the page checks them.
  route('post', '/ui/buckets/:bucket/metadata?key=', 'signed-in', saveMetadata),
  route('get', '/ui/buckets/:bucket/object-tags?key=', 'signed-in', showObjectTags),
  route('post', '/ui/buckets/:bucket/object-tags?key=', 'signed-in', saveObjectTags),
  // Reading, putting and deleting an annotation have their own permissions, so the page checks them.
  route('get', '/ui/buckets/:bucket/annotation?key=&versionId=', 'signed-in', showAnnotation),
  route('post', '/ui/buckets/:bucket/annotation?key=&versionId=', 'signed-in', saveAnnotation),
  // Reading and changing a lock have their own permissions, so the page checks them.
  route('get', '/ui/buckets/:bucket/object-lock?key=&versionId=', 'signed-in', showVersionLock),
  route('post', '/ui/buckets/:bucket/object-lock?key=&versionId=', 'signed-in', saveVersionLock),
  route('get', '/ui/buckets/:bucket/presign?key=', 's3:GetObject', showPresign),
  route('post', '/ui/buckets/:bucket/presign?key=', 'signed-in', makePresigned),
  route('post', '/ui/buckets/:bucket/restore?key=&versionId=null', 'signed-in', restoreVersion),
  route('post', '/ui/buckets/:bucket/delete-version?key=&versionId=null', 's3:DeleteObjectVersion', deleteVersion),

  // Uploads from the browser
  route('put', '/ui/buckets/:bucket/upload?key=', 's3:PutObject', uploadFile, writingOf),
  route('post', '/ui/buckets/:bucket/uploads?key=', 's3:PutObject', startUpload, uploadingPart),
  route('get', '/ui/buckets/:bucket/uploads/:upload?key=', 's3:ListMultipartUploadParts', showUpload),
  route('put', '/ui/buckets/:bucket/uploads/:upload/parts/:part?key=', 's3:PutObject', uploadPart, uploadingPart),
  route('post', '/ui/buckets/:bucket/uploads/:upload?key=', 's3:PutObject', completeUpload, writingOf),
  route('delete', '/ui/buckets/:bucket/uploads/:upload?key=', 's3:AbortMultipartUpload', abortUpload),
]
