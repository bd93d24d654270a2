/**
 * Names that belong to one account and region, `<prefix>-<account>-<region>-an`: no other account can create them.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html
 */
import { ApiError } from '#model/errors.ts'

export const accountRegional = 'account-regional'

const form = /^.+-(\d{12})-([a-z]{2}(?:-[a-z]+)+-\d)-an$/

export const isAccountRegional = (bucketName: string): boolean => form.test(bucketName)

/** The owner and region of a new bucket. */
export interface NewPlace {
  readonly account: string
  readonly region: string
}

/** `namespace`: as requested. InvalidArgument, InvalidBucketNamespace. */
export function assertNamespace(bucketName: string, namespace: string | undefined, place: NewPlace): void {
  if (namespace !== undefined && namespace !== 'global' && namespace !== accountRegional) {
    throw new ApiError('InvalidArgument', {
      fields: { ArgumentName: 'x-amz-bucket-namespace', ArgumentValue: namespace },
    })
  }
  const [, account, region] = form.exec(bucketName) ?? []
  if (namespace !== accountRegional) {
    if (account === undefined) return
    throw refusal(
      'The requested bucket name is one of an account-regional namespace. Specify account-regional in the x-amz-bucket-namespace header.',
      namespace ?? 'global',
    )
  }
  const begin = 'The requested bucket is an account-regional namespace bucket, but'
  if (account === undefined) {
    throw refusal(
      `${begin} the bucket name does not end with -${place.account}-${place.region}-an. Specify the targeted account and region in the bucket name.`,
      namespace,
    )
  }
  if (account !== place.account) {
    throw refusal(
      `${begin} the requested AWS Account ID '${account}' does not match the caller's AWS Account ID '${place.account}'. Specify the caller's AWS Account ID in the bucket name.`,
      namespace,
    )
  }
  if (region === place.region) return
  throw refusal(
    `${begin} the requested region '${region}' does not match the current region '${place.region}'. Specify the targeted region in the bucket name.`,
    namespace,
  )
}

const refusal = (message: string, namespace: string) =>
  new ApiError('InvalidBucketNamespace', { message, fields: { BucketNamespace: namespace } })
