import { signedRegionOf } from '#model/bucket/bucket-region.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { decodeToken, encodeToken, formatDate } from '#s3/listing/listing.ts'
import type { S3Request, S3Response, Services } from '#s3/operation.ts'
import type { Store } from '#store/contract.ts'

/**
 * Lists the buckets of the caller's account only. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
 */
export async function listBuckets(request: S3Request, { store }: Services): Promise<S3Response> {
  const { query, caller } = request
  const { principal } = caller
  const prefix = query.get('prefix')
  const region = query.get('bucket-region')
  const token = query.get('continuation-token')
  const limit = readLimit(query.get('max-buckets'))
  const page: Awaited<ReturnType<Store['listBuckets']>> = principal.isAnonymous
    ? { buckets: [], next: undefined }
    : await store.listBuckets({
        prefix: prefix ?? '',
        after: token ? decodeToken(token) : '',
        limit,
        ownerId: principal.canonicalId,
        ...(region === undefined ? {} : { region }),
      })
  const rows = page.buckets.map((bucket) => ({
    Name: bucket.name,
    CreationDate: formatDate(bucket.createdAtMs),
    BucketRegion: signedRegionOf(bucket.region),
  }))
  return {
    body: {
      root: 'ListAllMyBucketsResult',
      content: {
        Owner: { ID: principal.canonicalId, DisplayName: principal.displayName },
        Buckets: { Bucket: rows },
        Prefix: prefix,
        ContinuationToken: page.next === undefined ? undefined : encodeToken(page.next),
      },
    },
  }
}

function readLimit(text: string | undefined): number {
  if (text === undefined || text === '') return limits.bucketsPageMax
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= limits.bucketsPageMax) return limit
  throw new ApiError('InvalidArgument', {
    message: `Argument max-buckets must be an integer between 1 and ${limits.bucketsPageMax}`,
    fields: { ArgumentName: 'max-buckets', ArgumentValue: text },
  })
}
