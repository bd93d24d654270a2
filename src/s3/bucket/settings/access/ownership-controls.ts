import { elementsAt, textAt } from '#lib/text/xml.ts'
import { grantsToOthers } from '#model/access/acl.ts'
import { type ObjectOwnership, objectOwnerships } from '#model/access/object-ownership.ts'
import { ApiError } from '#model/errors.ts'
import { type BucketSetting, inBucket, xmlDocument } from '#s3/bucket/setting.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html */
export const ownershipControls: BucketSetting<ObjectOwnership> = {
  subresource: 'ownershipControls',
  get: { name: 'GetBucketOwnershipControls', action: 's3:GetBucketOwnershipControls' },
  put: { name: 'PutBucketOwnershipControls', action: 's3:PutBucketOwnershipControls' },
  delete: { name: 'DeleteBucketOwnershipControls', action: 's3:PutBucketOwnershipControls' },
  missing: 'OwnershipControlsNotFoundError',
  document: xmlDocument({
    root: 'OwnershipControls',
    lists: ['Rule'],
    parse(content) {
      const [rule, ...others] = elementsAt(content, 'Rule')
      const text = rule === undefined ? undefined : textAt(rule, 'ObjectOwnership')
      const ownership = objectOwnerships.find((one) => one === text)
      if (ownership === undefined || others.length > 0) throw new Error('One Rule with an ObjectOwnership is needed')
      return ownership
    },
    format: (ownership) => ({ Rule: { ObjectOwnership: ownership } }),
  }),
  kept: inBucket({
    find({ ownershipControls: controls = 'BucketOwnerEnforced' }) {
      return controls === 'none' ? undefined : controls
    },
    put(bucket, ownership) {
      if (ownership === 'BucketOwnerEnforced' && grantsToOthers(bucket.acl ?? [], bucket.ownerId)) {
        throw new ApiError('InvalidBucketAclWithObjectOwnership', { fields: { BucketName: bucket.name } })
      }
      return { ...bucket, ownershipControls: ownership }
    },
    delete: (bucket) => ({ ...bucket, ownershipControls: 'none' }),
  }),
}
