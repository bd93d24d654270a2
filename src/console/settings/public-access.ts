/**
 * The four settings of https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
 */
import { bucketHref } from '#console/address.ts'
import type { Page } from '#console/page.ts'
import type { PublicAccessBlock } from '#model/access/public-access-block.ts'

export const publicAccessSwitches = [
  [
    'blockPublicAcls',
    'BlockPublicAcls',
    'Block public access to buckets and objects granted through new access control lists (ACLs).',
  ],
  [
    'ignorePublicAcls',
    'IgnorePublicAcls',
    'Block public access to buckets and objects granted through any access control lists (ACLs).',
  ],
  [
    'blockPublicPolicy',
    'BlockPublicPolicy',
    'Block public access to buckets and objects granted through new public bucket policies.',
  ],
  [
    'restrictPublicBuckets',
    'RestrictPublicBuckets',
    'Block public and cross-account access to buckets and objects through any public bucket policies.',
  ],
] as const satisfies readonly (readonly [keyof PublicAccessBlock, string, string])[]

export const savePublicAccess: Page = async ({ bucket, form }, { store }) => {
  const isOn = (name: keyof PublicAccessBlock) => form.get(name) === 'on'
  const publicAccessBlock: PublicAccessBlock = {
    blockPublicAcls: isOn('blockPublicAcls'),
    ignorePublicAcls: isOn('ignorePublicAcls'),
    blockPublicPolicy: isOn('blockPublicPolicy'),
    restrictPublicBuckets: isOn('restrictPublicBuckets'),
  }
  await store.updateBucket(bucket.name, (current) => ({ ...current, publicAccessBlock }))
  return { redirect: bucketHref(bucket.name, 'settings'), notice: { kind: 'done', text: 'Block public access saved' } }
}
