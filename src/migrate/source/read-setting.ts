/** Reads bucket settings as the source answers them. */
import type { GetBucketAclCommand } from '@aws-sdk/client-s3'
import { refusalOf, statusOf } from './refusal.ts'
import { keepDocument, type SdkClient } from './sdk-client.ts'
import type { SourceSetting } from './setting-name.ts'
import type { Refusal } from './source.ts'

/** The command for each setting, by the name of its subresource. */
const commands = {
  abac: 'GetBucketAbacCommand',
  accelerate: 'GetBucketAccelerateConfigurationCommand',
  acl: 'GetBucketAclCommand',
  cors: 'GetBucketCorsCommand',
  encryption: 'GetBucketEncryptionCommand',
  lifecycle: 'GetBucketLifecycleConfigurationCommand',
  logging: 'GetBucketLoggingCommand',
  notification: 'GetBucketNotificationConfigurationCommand',
  'object-lock': 'GetObjectLockConfigurationCommand',
  ownershipControls: 'GetBucketOwnershipControlsCommand',
  policy: 'GetBucketPolicyCommand',
  publicAccessBlock: 'GetPublicAccessBlockCommand',
  replication: 'GetBucketReplicationCommand',
  requestPayment: 'GetBucketRequestPaymentCommand',
  tagging: 'GetBucketTaggingCommand',
  versioning: 'GetBucketVersioningCommand',
  website: 'GetBucketWebsiteCommand',
} as const satisfies Record<SourceSetting, string>

/** The answers of the commands differ, but only the document is read. */
type SettingCommand = new (input: { readonly Bucket: string }) => GetBucketAclCommand

/** Undefined: the setting is not set. */
export async function readSetting(
  { sdk, s3 }: SdkClient,
  bucket: string,
  name: SourceSetting,
): Promise<Buffer | undefined | Refusal> {
  const Command = sdk[commands[name]] as unknown as SettingCommand
  const command = new Command({ Bucket: bucket })
  const document = keepDocument(command)
  try {
    await s3.send(command)
    const text = document()
    // Some sources answer with nothing where nothing is set. One that does not know the setting answers with a listing.
    return text.length === 0 || text.includes('<ListBucketResult') ? undefined : text
  } catch (error) {
    const isMissing = statusOf(error) === 404 && !(error instanceof Error && error.name === 'NoSuchBucket')
    return isMissing ? undefined : refusalOf(error)
  }
}
