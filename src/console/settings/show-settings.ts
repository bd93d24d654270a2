import { arnOf } from '#console/docs/arn-of.ts'
import { policyExamples } from '#console/docs/policy-examples.ts'
import { listing } from '#console/facts.ts'
import type { ConsoleServices, Page, View, Visit } from '#console/page.ts'
import { mayTagBucket } from '#console/tags/bucket-tags.ts'
import { accessOf, publicReadPolicy } from './access.ts'
import { describePolicy } from './describe-policy.ts'
import { explainEncryption } from './encryption/explain-encryption.ts'
import { indentPolicy, stampOf } from './policy-text.ts'
import { propertiesOf } from './properties.ts'
import { publicAccessSwitches } from './public-access.ts'
import { fillsOf } from './quota/fill.ts'
import { maySetQuota } from './quota/quota-page.ts'
import { settingsCrumbs } from './settings-crumbs.ts'

const uploadsShown = 20

export const showSettings: Page = async (visit, services) => {
  const { bucket } = visit
  const { store, bucketPolicies, config } = services
  const usage = await store.bucketUsage(bucket.name)
  const mayReadPolicy = visit.may('s3:GetBucketPolicy', { bucket })
  const policy = mayReadPolicy ? bucketPolicies.find(bucket.name) : undefined
  return settingsView(visit, {
    usage,
    quota: fillsOf(bucket.quota, usage),
    mayLimit: maySetQuota(visit, services),
    access: accessOf(bucketPolicies, bucket),
    policy: indentPolicy(policy),
    publicRead: publicReadPolicy(bucket.name),
    beginning: exampleFor(visit),
    sentences: policy === undefined ? [] : describePolicy(policy),
    stamp: stampOf(policy),
    mayReadPolicy,
    mayWritePolicy: visit.may('s3:PutBucketPolicy', { bucket }),
    switches: publicAccessSwitches,
    maySeeBlock: visit.may('s3:GetBucketPublicAccessBlock', { bucket }),
    mayBlock: visit.may('s3:PutBucketPublicAccessBlock', { bucket }),
    ...(await corsOf(visit, services)),
    maySeeEncryption: visit.may('s3:GetEncryptionConfiguration', { bucket }),
    mayWriteEncryption: visit.may('s3:PutEncryptionConfiguration', { bucket }),
    newObjects: explainEncryption(bucket.encryption, config.defaultEncryption)[0]?.text,
    maySeeLock: visit.may('s3:GetBucketObjectLockConfiguration', { bucket }),
    mayLock: visit.may('s3:PutBucketObjectLockConfiguration', { bucket }),
    ...(await websiteOf(visit, services)),
    properties: await propertiesOf(visit, services),
    mayReadTags: visit.may('s3:GetBucketTagging', { bucket }),
    mayTag: mayTagBucket(visit),
    mayVersion: visit.may('s3:PutBucketVersioning', { bucket }),
    mayDelete: visit.may('s3:DeleteBucket', { bucket }),
    ...(await listUploads(visit, services)),
  })
}

/** The initial text of a custom policy, with one user. */
const exampleFor = ({ bucket, principal }: Visit): string =>
  policyExamples(bucket.name, arnOf(principal))[2]?.text ?? ''

function settingsView({ bucket }: Visit, locals: Record<string, unknown>): View {
  return {
    view: 'settings/settings',
    title: `Settings of ${bucket.name}`,
    place: 'buckets',
    crumbs: settingsCrumbs(bucket.name),
    scripts: ['settings.js'],
    locals: { bucket, ...locals },
  }
}

async function corsOf({ bucket, may }: Visit, { store }: ConsoleServices) {
  const maySeeCors = may('s3:GetBucketCORS', { bucket })
  const corsRules = maySeeCors ? await store.findSetting(bucket, 'cors') : undefined
  return { maySeeCors, mayWriteCors: may('s3:PutBucketCORS', { bucket }), corsRules }
}

async function websiteOf({ bucket, may }: Visit, { store }: ConsoleServices) {
  const maySeeWebsite = may('s3:GetBucketWebsite', { bucket })
  const website = maySeeWebsite ? await store.findSetting(bucket, 'website') : undefined
  return { maySeeWebsite, mayWriteWebsite: may('s3:PutBucketWebsite', { bucket }), website }
}

/** Incomplete multipart uploads. */
async function listUploads(visit: Visit, { store }: ConsoleServices) {
  const { bucket } = visit
  if (!visit.may('s3:ListBucketMultipartUploads', { bucket }, listing('', uploadsShown)))
    return { uploads: [], hasMoreUploads: false }
  const query = { bucket: bucket.name, prefix: '', delimiter: '', limit: uploadsShown }
  const page = await store.listUploads({ ...query, keyMarker: '', uploadIdMarker: '' })
  const uploads = page.uploads.map((upload) => ({
    ...upload,
    mayAbort: visit.may('s3:AbortMultipartUpload', {
      bucket,
      key: upload.key,
      object: { ownerId: upload.initiatorId },
    }),
  }))
  return { uploads, hasMoreUploads: page.next !== undefined }
}
