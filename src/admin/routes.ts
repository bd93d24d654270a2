/** The table of our own routes beside S3: name, method, path, right, function. Requests are signed like those to S3. */
import { deleteBucketPolicy, getBucketPolicy, putBucketPolicy } from './bucket-policy.ts'
import { getDecision, listDecisions } from './decisions/decisions.ts'
import { explainAccess } from './decisions/explain.ts'
import { listUsedActions } from './decisions/used-actions.ts'
import { listJobs, startJob } from './jobs.ts'
import { listNodes } from './nodes.ts'
import { presign } from './presign.ts'
import { deleteQuota, getQuota, putQuota } from './quota.ts'
import type { AdminRoute } from './route.ts'
import { getStatus } from './status.ts'

// biome-ignore format: a table
export const routes: readonly AdminRoute[] = [
  { name: 'ListDecisions', method: 'GET', path: '/_/decisions', right: 'sts:DecodeAuthorizationMessage', on: 'account', run: listDecisions, about: 'Lists refused requests, or those allowed in log mode, with their reasons: `?user=&bucket=&outcome=Allow|Deny&limit=`.' },
  { name: 'GetDecision', method: 'GET', path: '/_/decisions/:id', right: 'sts:DecodeAuthorizationMessage', on: 'account', run: getDecision, about: 'Shows one decision with every policy statement that was considered.' },
  { name: 'ExplainAccess', method: 'POST', path: '/_/explain', right: 'iam:SimulatePrincipalPolicy', on: 'account', run: explainAccess, about: 'Explains whether a user may do something: `{"user"?, "action", "resource", "context"?}`.' },
  { name: 'GetStatus', method: 'GET', path: '/_/status', right: 'iam:GetAccountAuthorizationDetails', on: 'account', run: getStatus, about: 'Shows whether iam.json and bucket_policies.json are in force, and the result of the scrub. For the server\'s own account.' },
  { name: 'ListJobs', method: 'GET', path: '/_/jobs', right: 's3:ListJobs', on: 'account', run: listJobs, about: 'Lists the jobs of the server: the last run, its figures and the next start. For the server\'s own account.' },
  { name: 'StartJob', method: 'POST', path: '/_/jobs/:job', right: 's3:CreateJob', on: 'account', run: startJob, about: 'Starts a job by hand, such as `scrub`, and answers 202 before it is done. For the server\'s own account.' },
  { name: 'ListNodes', method: 'GET', path: '/_/nodes', right: 's3:ListJobs', on: 'account', run: listNodes, about: 'Lists the nodes that serve the store: version, start, last heartbeat, addresses, and the jobs that each runs. For the server\'s own account.' },
  { name: 'ListUsedActions', method: 'GET', path: '/_/used-actions', right: 'iam:GenerateServiceLastAccessedDetails', on: 'account', run: listUsedActions, about: 'Lists the actions that an access key used, with the smallest policy that allows them: `?key=&since=2026-11-24`.' },
  { name: 'Presign', method: 'POST', path: '/presign/:bucket/:key*', right: 's3:GetObject, s3:PutObject or s3:DeleteObject', on: 'object', run: presign, about: 'Makes a presigned URL: `{"method": "GET"|"PUT"|"DELETE", "expires_in": seconds}`.' },
  { name: 'GetBucketPolicy', method: 'GET', path: '/bucket-policy/:bucket', right: 's3:GetBucketPolicy', on: 'bucket', run: getBucketPolicy, about: 'Reads the policy of a bucket.' },
  { name: 'PutBucketPolicy', method: 'PUT', path: '/bucket-policy/:bucket', right: 's3:PutBucketPolicy', on: 'bucket', run: putBucketPolicy, about: 'Replaces the policy of a bucket.' },
  { name: 'DeleteBucketPolicy', method: 'DELETE', path: '/bucket-policy/:bucket', right: 's3:DeleteBucketPolicy', on: 'bucket', run: deleteBucketPolicy, about: 'Removes the policy of a bucket.' },
  { name: 'GetQuota', method: 'GET', path: '/_/quota/:bucket', right: 's3:GetStorageLensConfiguration', on: 'account', run: getQuota, about: 'Reads the quota of a bucket and its usage. For the accounts of the bucket and of the server.' },
  { name: 'PutQuota', method: 'PUT', path: '/_/quota/:bucket', right: 's3:PutStorageLensConfiguration', on: 'account', run: putQuota, about: 'Sets the quota of a bucket: `{"sizeBytes"?, "objectCount"?}`. For the server\'s own account.' },
  { name: 'DeleteQuota', method: 'DELETE', path: '/_/quota/:bucket', right: 's3:PutStorageLensConfiguration', on: 'account', run: deleteQuota, about: 'Removes the quota of a bucket. For the server\'s own account.' },
]
