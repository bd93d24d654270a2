/**
 * Keys that the server makes for a service, as AWS does.
 * https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-cmk
 */
import { accountPart } from '#model/account.ts'
import type { KeyPlace } from './data-keys.ts'

export const managedAlias = (service: 's3'): string => `alias/aws/${service}`

export const managedDescription = 'Default key that protects my S3 objects when no other key is defined'

const used = ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey']

/** For all principals of the account that may use S3, and only through S3. */
export const managedPolicy = ({ account, region }: KeyPlace): Record<string, unknown> => ({
  Version: '2012-10-17',
  Id: 'auto-s3-2',
  Statement: [
    {
      Sid: 'Allow access through S3 for all principals in the account that are authorized to use S3',
      Effect: 'Allow',
      Principal: { AWS: '*' },
      Action: used,
      Resource: '*',
      Condition: {
        StringEquals: { 'kms:CallerAccount': account, 'kms:ViaService': `s3.${region}.amazonaws.com` },
      },
    },
    {
      Sid: 'Allow direct access to key metadata to the account',
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${accountPart(account)}:root` },
      Action: ['kms:Describe*', 'kms:Get*', 'kms:List*'],
      Resource: '*',
    },
  ],
})
