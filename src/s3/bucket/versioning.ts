import { textAt } from '#lib/text/xml.ts'
import { withVersioning } from '#model/bucket.ts'
import { ApiError } from '#model/errors.ts'
import type { S3Request, S3Response, Services } from '#s3/operation.ts'
import { readXml } from '#s3/request/read-xml.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html */
export function getBucketVersioning({ bucket }: S3Request): S3Response {
  return {
    body: {
      root: 'VersioningConfiguration',
      content: {
        Status: bucket.versioning === 'Unversioned' ? undefined : bucket.versioning,
        MfaDelete: bucket.mfaDelete ? 'Enabled' : undefined,
      },
    },
  }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html */
export async function putBucketVersioning(request: S3Request, { store }: Services): Promise<S3Response> {
  const document = await request.body.document()
  if (document.length === 0) throw new ApiError('MissingRequestBodyError')
  const status = readXml(document, 'VersioningConfiguration', (content) => {
    const mfaDelete = textAt(content, 'MfaDelete') ?? 'Disabled'
    if (mfaDelete === 'Enabled') throw new ApiError('NotImplemented', { fields: { Element: 'MfaDelete' } })
    if (mfaDelete !== 'Disabled') throw new Error('MfaDelete must be Enabled or Disabled')
    const text = textAt(content, 'Status')
    if (text === undefined) throw new ApiError('IllegalVersioningConfigurationException')
    if (text !== 'Enabled' && text !== 'Suspended') throw new Error('Status must be Enabled or Suspended')
    return text
  })
  await store.updateBucket(request.bucketName, (bucket) => withVersioning(bucket, status))
  return {}
}
