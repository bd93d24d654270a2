/**
 * Actions that only the account of the bucket's owner may use, whatever policies allow to others.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html: "If you have the correct permissions, but
 * you're not using an identity that belongs to the bucket owner's account, Amazon S3 returns a 405 Method Not Allowed
 * error."
 */
import type { AccessRequest } from './evaluate/access-request.ts'

const kept = new Set(['s3:GetBucketPolicy', 's3:PutBucketPolicy', 's3:DeleteBucketPolicy'])

export const isKeptToOwnersAccount = (action: string): boolean => kept.has(action)

export const isOfOwnersAccount = ({ principal, resourceAccount }: AccessRequest): boolean =>
  principal.account !== '' && principal.account === resourceAccount
