/**
 * One successful visit to every route: the request and the answer, the answer to invalid input, and the answer to a
 * signed-in visitor without the right. `{}` means that no input can be invalid.
 */
type Fields = Readonly<Record<string, string>>

export interface Sent {
  /** Instead of the route's own path. */
  readonly at?: string
  readonly form?: Fields
  readonly json?: object
  readonly bytes?: string
}

export interface RouteVisit {
  readonly good: Sent & { readonly status: number }
  readonly bad?: Sent & { readonly status: number }
  /** 403 by default. Some pages are for all signed-in visitors; steps report each key that failed. */
  readonly stranger?: { readonly status: number; readonly says?: RegExp }
}

const forAll = { status: 200 }
const notAuthorized = /is not authorized to perform/
const policy = (effect = 'Allow') =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: effect, Action: 's3:GetObject', Resource: '*' }] })
const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::000000000000:root' }, Action: 'sts:AssumeRole' }],
})
const keyPolicy = (account = '000000000000') =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: account }, Action: 'kms:*', Resource: '*' }],
  })
const readOnly = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess'
const own = `/ui/iam/policy?arn=arn:aws:iam::000000000000:policy/spare`
const absentPolicy = { form: { policy: 'arn:aws:iam::aws:policy/Absent' }, status: 404 }
const steps = { status: 200, says: notAuthorized }

/** By method and path, in an order in which each has what it needs: see routes.test.ts. */
// biome-ignore format: a table
export const visits: Readonly<Record<string, RouteVisit>> = {
  'get /ui/sign-in': { good: { status: 303 }, stranger: { status: 303 } },
  'post /ui/sign-in': { good: { form: { name: 'admin', secret: 'admin-secret' }, status: 303 }, bad: { form: { name: '', secret: '' }, status: 401 }, stranger: { status: 303 } },
  'post /ui/theme': { good: { form: { theme: 'dark' }, status: 303 }, bad: { form: { theme: '<script>', next: '//x' }, status: 303 }, stranger: { status: 303 } },
  'post /ui/sign-out': { good: { form: {}, status: 303 }, stranger: { status: 303 } },

  'get /ui/token': { good: { status: 200 }, stranger: forAll },

  'get /ui': { good: { status: 200 }, stranger: forAll },
  'get /ui/activity': { good: { status: 200 }, bad: { at: '/ui/activity?status=teapot', status: 400 } },
  'get /ui/activity/:request': { good: { status: 200 }, bad: { at: '/ui/activity/nothing', status: 404 } },
  'get /ui/denials': { good: { status: 200 }, bad: { at: '/ui/denials?decision=%00%22', status: 200 } },
  'get /ui/docs': { good: { status: 200 }, stranger: forAll },
  'get /ui/system': { good: { status: 200 }, stranger: forAll },
  'get /ui/system/nodes': { good: { status: 200 } },
  'post /ui/system/jobs/:job/start': { good: { at: '/ui/system/jobs/scrub/start', form: {}, status: 303 }, bad: { at: '/ui/system/jobs/nothing/start', form: {}, status: 404 } },

  'get /ui/buckets': { good: { status: 200 }, bad: { at: '/ui/buckets?sort=%00&filter=%22', status: 200 }, stranger: forAll },
  'get /ui/bucket-names': { good: { status: 200 }, stranger: forAll },
  'post /ui/buckets': { good: { form: { name: 'fresh' }, status: 303 }, bad: { form: { name: 'No' }, status: 400 } },

  'get /ui/buckets/:bucket': { good: { status: 200 }, bad: { at: '/ui/buckets/No_Bucket?after=%00', status: 404 } },
  'get /ui/buckets/:bucket/new-folder': { good: { status: 200 }, bad: { at: '/ui/buckets/absent/new-folder', status: 404 }, stranger: forAll },
  'post /ui/buckets/:bucket/folders': { good: { form: { prefix: '', name: 'shelf' }, status: 303 }, bad: { form: { prefix: '', name: '' }, status: 400 } },
  'post /ui/buckets/:bucket/delete': { good: { json: { sources: [{ key: 'spare.txt' }] }, status: 200 }, bad: { json: { sources: [] }, status: 400 }, stranger: steps },
  'post /ui/buckets/:bucket/undo-delete': { good: { json: { markers: [{ key: 'spare.txt', versionId: '0'.repeat(32) }] }, status: 200 }, bad: { json: { markers: [] }, status: 400 }, stranger: steps },
  'post /ui/buckets/:bucket/copy': { good: { json: { sources: [{ key: 'a/b.txt' }], base: '', targetBucket: 'photos', target: 'copy/', isMove: false, isReplace: true }, status: 200 }, bad: { json: { sources: [{ key: 'a/b.txt' }] }, status: 400 }, stranger: steps },
  'post /ui/buckets/:bucket/zip': { good: { form: { key: 'a/b.txt' }, status: 200 }, bad: { form: {}, status: 400 }, stranger: { status: 200, says: /NOT-INCLUDED/ } },

  'get /ui/iam': { good: { status: 200 } },
  'get /ui/iam/policies': { good: { status: 200 } },
  'post /ui/iam/policies': { good: { form: { name: 'more', document: policy() }, status: 303 }, bad: { form: { name: 'more', document: policy('Maybe') }, status: 400 } },
  'get /ui/iam/policy': { good: { at: own, status: 200 }, bad: { at: '/ui/iam/policy?arn=x', status: 404 } },
  'post /ui/iam/policy': { good: { at: own, form: { document: policy('Deny') }, status: 303 }, bad: { at: own, form: { document: '{' }, status: 400 } },
  'post /ui/iam/policy/delete': { good: { at: own.replace('policy?', 'policy/delete?'), form: {}, status: 303 }, bad: { at: '/ui/iam/policy/delete?arn=x', form: {}, status: 404 } },
  'get /ui/iam/document': { good: { status: 200 } },
  'get /ui/iam/:holders': { good: { status: 200 }, bad: { at: '/ui/iam/robots', status: 404 } },
  'post /ui/iam/:holders': { good: { form: { name: 'made' }, status: 303 }, bad: { form: { name: '<img onerror>' }, status: 400 } },
  'get /ui/iam/:holders/:name': { good: { status: 200 }, bad: { at: '/ui/iam/users/absent', status: 404 } },
  'get /ui/iam/:holders/:name/access': { good: { at: '/ui/iam/users/grace/access?actions=s3:GetObject', status: 200 }, bad: { at: '/ui/iam/users/grace/access?actions=%3Cimg%3E', status: 400 } },
  'post /ui/iam/:holders/:name/attach': { good: { form: { policy: readOnly }, status: 303 }, bad: absentPolicy },
  'post /ui/iam/:holders/:name/detach': { good: { form: { policy: readOnly }, status: 303 }, bad: absentPolicy },
  'post /ui/iam/:holders/:name/inline': { good: { form: { policyName: 'p', document: policy() }, status: 303 }, bad: { form: { policyName: 'p', document: '[]' }, status: 400 } },
  'post /ui/iam/:holders/:name/inline/delete': { good: { form: { policyName: 'p' }, status: 303 }, bad: { form: { policyName: 'absent' }, status: 404 } },
  'post /ui/iam/:holders/:name/boundary': { good: { form: { policy: readOnly }, status: 303 }, bad: absentPolicy },
  'post /ui/iam/:holders/:name/boundary/remove': { good: { form: {}, status: 303 }, bad: { form: {}, status: 404 } },
  'post /ui/iam/:holders/:name/groups/join': { good: { form: { group: 'team' }, status: 303 }, bad: { form: { group: 'absent' }, status: 404 } },
  'post /ui/iam/:holders/:name/groups/leave': { good: { form: { group: 'team' }, status: 303 }, bad: { at: '/ui/iam/groups/team/groups/leave', form: { group: 'team' }, status: 404 } },
  'post /ui/iam/:holders/:name/trust': { good: { at: '/ui/iam/roles/guest/trust', form: { trust }, status: 303 }, bad: { at: '/ui/iam/roles/guest/trust', form: { trust: '{}' }, status: 400 } },
  'post /ui/iam/:holders/:name/session': { good: { at: '/ui/iam/roles/guest/session', form: { minutes: '90' }, status: 303 }, bad: { at: '/ui/iam/roles/guest/session', form: { minutes: '1' }, status: 400 } },
  'post /ui/iam/:holders/:name/tags': { good: { form: { key: 'team', value: 'x' }, status: 303 }, bad: { form: { key: '<img onerror>', value: '' }, status: 400 } },
  'post /ui/iam/:holders/:name/tags/remove': { good: { form: { key: 'team' }, status: 303 }, bad: { at: '/ui/iam/groups/team/tags/remove', form: { key: 'team' }, status: 404 } },
  'post /ui/iam/:holders/:name/password': { good: { form: { password: 'correct horse' }, status: 303 }, bad: { form: { password: 'short' }, status: 400 } },
  'post /ui/iam/:holders/:name/password/remove': { good: { form: {}, status: 303 }, bad: { form: {}, status: 404 } },
  'get /ui/iam/:holders/:name/keys/:key/new': { good: { status: 200 }, bad: { at: '/ui/iam/users/grace/keys/absent/new', status: 404 } },
  'post /ui/iam/:holders/:name/keys/:key/status': { good: { form: { status: 'Inactive' }, status: 303 }, bad: { at: '/ui/iam/users/grace/keys/absent/status', form: { status: 'Active' }, status: 404 } },
  'post /ui/iam/:holders/:name/keys/:key/expiry': { good: { form: { expires: '2099-01-01T00:00' }, status: 303 }, bad: { form: { expires: 'soon' }, status: 400 } },
  'post /ui/iam/:holders/:name/keys/:key/rotate': { good: { form: {}, status: 303 }, bad: { at: '/ui/iam/users/grace/keys/absent/rotate', form: {}, status: 404 } },
  'post /ui/iam/:holders/:name/keys/:key/delete': { good: { form: {}, status: 303 }, bad: { at: '/ui/iam/users/grace/keys/absent/delete', form: {}, status: 404 } },
  'post /ui/iam/:holders/:name/keys': { good: { form: {}, status: 303 }, bad: { at: '/ui/iam/users/absent/keys', form: {}, status: 404 } },
  'post /ui/iam/:holders/:name/delete': { good: { form: {}, status: 303 }, bad: { form: {}, status: 404 } },

  'get /ui/kms': { good: { status: 200 } },
  'post /ui/kms': { good: { form: { alias: 'alias/made', region: 'us-east-1' }, status: 303 }, bad: { form: { alias: '<img onerror>', region: 'us-east-1' }, status: 400 } },
  'get /ui/kms/:id': { good: { status: 200 }, bad: { at: '/ui/kms/absent', status: 404 } },
  'post /ui/kms/:id/description': { good: { form: { description: 'of the visits' }, status: 303 }, bad: { form: { description: 'd'.repeat(8193) }, status: 400 } },
  'get /ui/kms/:id/tags': { good: { status: 200 }, bad: { at: '/ui/kms/absent/tags', status: 404 } },
  'post /ui/kms/:id/tags': { good: { form: { name: 'team', value: 'a' }, status: 303 }, bad: { form: { name: 'aws:team', value: 'a' }, status: 400 } },
  'post /ui/kms/:id/aliases': { good: { form: { alias: 'more' }, status: 303 }, bad: { form: { alias: '<img onerror>' }, status: 400 } },
  'post /ui/kms/:id/aliases/remove': { good: { form: { alias: 'alias/more' }, status: 303 }, bad: { form: { alias: 'alias/absent' }, status: 400 } },
  'post /ui/kms/:id/rotation': { good: { form: { do: 'save', days: '180' }, status: 303 }, bad: { form: { do: 'save', days: '<img onerror>' }, status: 400 } },
  'post /ui/kms/:id/policy': { good: { form: { policy: keyPolicy() }, status: 303 }, bad: { form: { policy: keyPolicy('111111111111') }, status: 400 } },
  'post /ui/kms/:id/state': { good: { form: { do: 'disable' }, status: 303 }, bad: { at: '/ui/kms/absent/state', form: { do: 'enable' }, status: 404 } },
  'post /ui/kms/:id/deletion': { good: { form: { days: '7' }, status: 303 }, bad: { form: { days: '6' }, status: 400 } },
  'post /ui/kms/:id/deletion/cancel': { good: { form: {}, status: 303 }, bad: { at: '/ui/kms/absent/deletion/cancel', form: {}, status: 404 } },

  'get /ui/buckets/:bucket/settings': { good: { status: 200 }, bad: { at: '/ui/buckets/absent/settings', status: 404 } },
  'get /ui/buckets/:bucket/encryption': { good: { status: 200 }, bad: { at: '/ui/buckets/absent/encryption', status: 404 } },
  'post /ui/buckets/:bucket/encryption': { good: { form: { do: 'save', method: '', blocksCustomerKeys: 'on' }, status: 303 }, bad: { form: { do: 'save', method: '<img onerror>' }, status: 400 } },
  'get /ui/buckets/:bucket/cors': { good: { at: '/ui/buckets/photos/cors?origin=https://a.example&method=PUT', status: 200 }, bad: { at: '/ui/buckets/absent/cors', status: 404 } },
  'post /ui/buckets/:bucket/cors': { good: { form: { do: 'save', origins: 'https://a.example', methods: '1 GET' }, status: 303 }, bad: { form: { do: 'save', origins: '<img onerror>' }, status: 400 } },
  'get /ui/buckets/:bucket/quota': { good: { status: 200 }, bad: { at: '/ui/buckets/absent/quota', status: 404 } },
  'post /ui/buckets/:bucket/quota': { good: { form: { do: 'save', size: '1', unit: 'GiB', objects: '1000' }, status: 303 }, bad: { form: { do: 'save', size: '<img onerror>', unit: 'GiB' }, status: 400 } },
  'get /ui/buckets/:bucket/website': { good: { at: '/ui/buckets/photos/website?path=/docs/', status: 200 }, bad: { at: '/ui/buckets/absent/website', status: 404 } },
  'post /ui/buckets/:bucket/website': { good: { form: { do: 'save', type: 'host', index: 'index.html' }, status: 303 }, bad: { form: { do: 'save', type: 'host', index: 'a/b' }, status: 400 } },
  'post /ui/buckets/:bucket/website/remove': { good: { form: {}, status: 303 } },
  'post /ui/buckets/:bucket/request-payment': { good: { form: { status: 'BucketOwner' }, status: 303 }, bad: { form: { status: 'Nobody' }, status: 400 } },
  'post /ui/buckets/:bucket/accelerate': { good: { form: { status: 'Suspended' }, status: 303 }, bad: { form: { status: 'on' }, status: 400 } },
  'post /ui/buckets/:bucket/abac': { good: { form: { status: 'Disabled' }, status: 303 }, bad: { form: { status: '' }, status: 400 } },
  'get /ui/buckets/:bucket/tags': { good: { status: 200 }, bad: { at: '/ui/buckets/absent/tags', status: 404 } },
  'post /ui/buckets/:bucket/tags': { good: { form: { name: 'team', value: 'x' }, status: 303 }, bad: { form: { name: '<img onerror>', value: '' }, status: 400 } },
  'get /ui/buckets/:bucket/policy/stamp': { good: { status: 200 } },
  'post /ui/buckets/:bucket/policy/check': { good: { json: { document: policy() }, status: 200 }, bad: { json: { document: 1 }, status: 400 } },
  'post /ui/buckets/:bucket/policy': { good: { form: { preset: 'public-read' }, status: 200 }, bad: { form: { preset: 'custom', document: '{' }, status: 400 } },
  'post /ui/buckets/:bucket/public-access': { good: { form: { blockPublicAcls: 'on' }, status: 303 }, bad: { form: { blockPublicAcls: '<script>' }, status: 303 } },
  'post /ui/buckets/:bucket/versioning': { good: { form: { status: 'Enabled' }, status: 303 }, bad: { form: { status: 'Maybe' }, status: 400 } },
  'get /ui/buckets/:bucket/lock': { good: { status: 200 }, bad: { at: '/ui/buckets/absent/lock', status: 404 } },
  'post /ui/buckets/:bucket/lock': { good: { form: { do: 'save', mode: '' }, status: 303 }, bad: { form: { do: 'save', mode: 'GOVERNANCE', count: '<img onerror>' }, status: 400 } },
  'post /ui/buckets/:bucket/uploads/:upload/abort': { good: { form: {}, status: 303 }, bad: { form: {}, status: 404 } },

  'get /ui/buckets/:bucket/object': { good: { status: 200 }, bad: { at: '/ui/buckets/photos/object?key=absent', status: 404 } },
  'get /ui/buckets/:bucket/readers': { good: { status: 200 }, bad: { at: '/ui/buckets/photos/readers?key=absent', status: 404 } },
  'get /ui/buckets/:bucket/content': { good: { status: 200 }, bad: { at: '/ui/buckets/photos/content?key=a/b.txt&versionId=x', status: 404 } },
  'get /ui/buckets/:bucket/metadata': { good: { status: 200 }, bad: { at: '/ui/buckets/photos/metadata?key=absent', status: 404 } },
  'post /ui/buckets/:bucket/metadata': { good: { form: { contentType: 'text/plain', etag: '*' }, status: 303 }, bad: { form: { contentType: 'a\r\nb: c', etag: '*' }, status: 400 } },
  'get /ui/buckets/:bucket/object-tags': { good: { status: 200 }, bad: { at: '/ui/buckets/photos/object-tags?key=absent', status: 404 } },
  'post /ui/buckets/:bucket/object-tags': { good: { form: { name: 'team', value: 'x' }, status: 303 }, bad: { form: { name: '<img onerror>', value: '' }, status: 400 } },
  'get /ui/buckets/:bucket/annotation': { good: { status: 200 }, bad: { at: '/ui/buckets/photos/annotation?key=a/b.txt&name=absent', status: 404 } },
  'post /ui/buckets/:bucket/annotation': { good: { form: { do: 'save', name: 'note', text: 'x', new: 'yes' }, status: 303 }, bad: { form: { do: 'save', name: '<img onerror>', text: 'x', new: 'yes' }, status: 400 } },
  'get /ui/buckets/:bucket/object-lock': { good: { status: 200 }, bad: { at: '/ui/buckets/photos/object-lock?key=absent', status: 404 } },
  'post /ui/buckets/:bucket/object-lock': { good: { form: { do: 'hold OFF' }, status: 303 }, bad: { form: { do: 'retention', mode: 'GOVERNANCE', until: 'soon' }, status: 400 } },
  'get /ui/buckets/:bucket/presign': { good: { status: 200 }, bad: { at: '/ui/buckets/photos/presign', status: 404 } },
  'post /ui/buckets/:bucket/presign': { good: { form: { method: 'GET', preset: '900' }, status: 200 }, bad: { form: { method: 'GET', preset: '0' }, status: 400 } },
  'post /ui/buckets/:bucket/restore': { good: { form: {}, status: 303 }, bad: { at: '/ui/buckets/photos/restore?key=a/b.txt&versionId=x', form: {}, status: 404 } },
  'post /ui/buckets/:bucket/delete-version': { good: { at: '/ui/buckets/photos/delete-version?key=old.txt&versionId=null', form: {}, status: 303 }, bad: { at: '/ui/buckets/photos/delete-version?versionId=x', form: {}, status: 404 } },

  'put /ui/buckets/:bucket/upload': { good: { bytes: 'new', status: 200 }, bad: { at: `/ui/buckets/photos/upload?key=${'k'.repeat(1100)}`, bytes: 'new', status: 400 } },
  'post /ui/buckets/:bucket/uploads': { good: { json: {}, status: 201 }, bad: { at: '/ui/buckets/photos/uploads', json: {}, status: 404 } },
  'get /ui/buckets/:bucket/uploads/:upload': { good: { status: 200 }, bad: { at: '/ui/buckets/photos/uploads/x?key=a/b.txt', status: 404 } },
  'put /ui/buckets/:bucket/uploads/:upload/parts/:part': { good: { bytes: 'part', status: 200 }, bad: { at: '/ui/buckets/photos/uploads/x/parts/0?key=a/b.txt', bytes: 'part', status: 400 } },
  'post /ui/buckets/:bucket/uploads/:upload': { good: { json: { parts: [{ partNumber: 1, etag: 'known below' }] }, status: 200 }, bad: { json: { parts: [] }, status: 400 } },
  'delete /ui/buckets/:bucket/uploads/:upload': { good: { json: {}, status: 200 }, bad: { at: '/ui/buckets/photos/uploads/x?key=a/b.txt', json: {}, status: 404 } },

  'get /ui/buckets/:bucket/remove': { good: { status: 200 }, bad: { at: '/ui/buckets/absent/remove', status: 404 } },
  'post /ui/buckets/:bucket/empty': { good: { json: {}, status: 200 }, bad: { json: { from: 1 }, status: 400 } },
  'post /ui/buckets/:bucket/remove': { good: { form: { name: 'photos', empty: 'on' }, status: 303 }, bad: { form: { name: 'wrong' }, status: 400 } },
}
