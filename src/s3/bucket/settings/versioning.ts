import { textAt } from '#lib/text/xml.ts'
import { type Bucket, withVersioning } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import { type BucketSetting, inBucket, xmlDocument } from '#s3/bucket/setting.ts'

type Versioning = Pick<Bucket, 'versioning' | 'mfaDelete'>

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html */
export const versioning: BucketSetting<Versioning> = {
  subresource: 'versioning',
  get: { name: 'GetBucketVersioning', action: 's3:GetBucketVersioning' },
  put: { name: 'PutBucketVersioning', action: 's3:PutBucketVersioning' },
  document: xmlDocument<Versioning>({
    root: 'VersioningConfiguration',
    parse(content) {
      const mfaDelete = textAt(content, 'MfaDelete') ?? 'Disabled'
      if (mfaDelete === 'Enabled') throw new ApiError('NotImplemented', { fields: { Element: 'MfaDelete' } })
      if (mfaDelete !== 'Disabled') throw new Error('MfaDelete must be Enabled or Disabled')
      const status = textAt(content, 'Status')
      if (status === undefined) throw new ApiError('IllegalVersioningConfigurationException')
      if (status !== 'Enabled' && status !== 'Suspended') throw new Error('Status must be Enabled or Suspended')
      return { versioning: status, mfaDelete: false }
    },
    format: (bucket) => ({
      Status: bucket.versioning === 'Unversioned' ? undefined : bucket.versioning,
      MfaDelete: bucket.mfaDelete ? 'Enabled' : undefined,
    }),
  }),
  kept: inBucket({
    find: (bucket) => bucket,
    put: (bucket, { versioning: status }) => (status === 'Unversioned' ? bucket : withVersioning(bucket, status)),
  }),
}
