/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html as four switches. */
import { bucketHref } from '#console/address.ts'
import type { Page } from '#console/page.ts'
import type { PublicAccessBlock } from '#model/object-ownership.ts'

export const publicAccessSwitches = [
  ['blockPublicPolicy', 'Refuse policies that are public', 'Putting one fails.'],
  [
    'restrictPublicBuckets',
    'Do not let a public policy work',
    'Only users of this account get in, whatever the policy says.',
  ],
  ['blockPublicAcls', 'Refuse ACLs that are public', 'Putting one fails.'],
  ['ignorePublicAcls', 'Do not let public ACLs work', 'They are as if they were not there.'],
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
  return { redirect: bucketHref(bucket.name, 'settings'), notice: { kind: 'done', text: 'Public access is set.' } }
}
