/** Keys and their names, as @aws-sdk/client-kms and Terraform's provider use them. */
import * as aws from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { failure } from '../iam/client.ts'
import { accountId, otherRootKeys, startApp, type TestApp } from '../iam/start-app.ts'

let app: TestApp
let kms: aws.KMSClient
beforeAll(async () => {
  app = await startApp()
  kms = app.kms()
})
afterAll(() => app.close())

async function createKey(input: aws.CreateKeyCommandInput = {}) {
  const { KeyMetadata } = await kms.send(new aws.CreateKeyCommand(input))
  return KeyMetadata as aws.KeyMetadata & { KeyId: string; Arn: string }
}
const describeKey = async (KeyId: string) => (await kms.send(new aws.DescribeKeyCommand({ KeyId }))).KeyMetadata

describe('a key', () => {
  it('is described as AWS describes it', async () => {
    const key = await createKey({ Description: 'of the tests', Tags: [{ TagKey: 'Team', TagValue: 'blue' }] })
    expect(key).toMatchObject({
      AWSAccountId: accountId,
      Arn: `arn:aws:kms:us-east-1:${accountId}:key/${key.KeyId}`,
      CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
      Description: 'of the tests',
      Enabled: true,
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      KeyManager: 'CUSTOMER',
      KeySpec: 'SYMMETRIC_DEFAULT',
      KeyState: 'Enabled',
      KeyUsage: 'ENCRYPT_DECRYPT',
      MultiRegion: false,
      Origin: 'AWS_KMS',
    })
    expect(key.KeyId).toMatch(/^[0-9a-f-]{36}$/)
    expect(key.CurrentKeyMaterialId).toMatch(/^[0-9a-f]{64}$/)
    expect(Math.abs(Date.now() - (key.CreationDate?.getTime() ?? 0))).toBeLessThan(60_000)
    expect(await describeKey(key.KeyId)).toEqual(key)
    expect(await describeKey(key.Arn)).toEqual(key)
  })

  it('of several regions has an id that says so, and no replica', async () => {
    const key = await createKey({ MultiRegion: true })
    expect(key.KeyId).toMatch(/^mrk-[0-9a-f]{32}$/)
    expect(key.MultiRegionConfiguration).toEqual({
      MultiRegionKeyType: 'PRIMARY',
      PrimaryKey: { Arn: key.Arn, Region: 'us-east-1' },
      ReplicaKeys: [],
    })
  })

  it('belongs to its account and region', async () => {
    const { KeyId, Arn } = await createKey()
    const elsewhere = app.kms(undefined, 'eu-west-1')
    await expect(elsewhere.send(new aws.DescribeKeyCommand({ KeyId }))).rejects.toEqual(
      failure('NotFound', `Key 'arn:aws:kms:eu-west-1:${accountId}:key/${KeyId}' does not exist`),
    )
    await expect(elsewhere.send(new aws.DescribeKeyCommand({ KeyId: Arn }))).rejects.toEqual(
      failure('NotFound', 'Invalid arn us-east-1'),
    )
    const stranger = app.kms(otherRootKeys)
    await expect(stranger.send(new aws.DescribeKeyCommand({ KeyId: Arn }))).rejects.toEqual(
      failure('AccessDenied', /on this resource because the resource does not exist in this Region/),
    )
    expect((await stranger.send(new aws.ListKeysCommand({}))).Keys).toEqual([])
    expect((await elsewhere.send(new aws.ListKeysCommand({}))).Keys).toEqual([])
  })

  it('is listed, a page at a time', async () => {
    for (let at = 0; at < 3; at++) await createKey()
    const { Keys: all = [], Truncated } = await kms.send(new aws.ListKeysCommand({}))
    expect(Truncated).toBe(false)
    const found: unknown[] = []
    let Marker: string | undefined
    do {
      const page: aws.ListKeysCommandOutput = await kms.send(new aws.ListKeysCommand({ Limit: 2, Marker }))
      expect(page.Truncated).toBe(page.NextMarker !== undefined)
      found.push(...(page.Keys ?? []))
      Marker = page.NextMarker
    } while (Marker !== undefined)
    expect(found).toEqual(all)
    expect(all.length).toBeGreaterThanOrEqual(3)
  })

  it('is disabled and enabled, and can do nothing in between', async () => {
    const { KeyId, Arn } = await createKey()
    await kms.send(new aws.DisableKeyCommand({ KeyId }))
    expect(await describeKey(KeyId)).toMatchObject({ Enabled: false, KeyState: 'Disabled' })
    await expect(kms.send(new aws.EncryptCommand({ KeyId, Plaintext: Buffer.from('a') }))).rejects.toEqual(
      failure('Disabled', `${Arn} is disabled.`),
    )
    await kms.send(new aws.EnableKeyCommand({ KeyId }))
    expect(await describeKey(KeyId)).toMatchObject({ Enabled: true, KeyState: 'Enabled' })
  })

  it('awaits its deletion for the window, disabled, and may be kept', async () => {
    const { KeyId, Arn } = await createKey()
    const scheduled = await kms.send(new aws.ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    expect(scheduled).toMatchObject({ KeyId: Arn, KeyState: 'PendingDeletion', PendingWindowInDays: 7 })
    const days = ((scheduled.DeletionDate?.getTime() ?? 0) - Date.now()) / 86_400_000
    expect(Math.round(days)).toBe(7)
    expect(await describeKey(KeyId)).toMatchObject({
      KeyState: 'PendingDeletion',
      DeletionDate: scheduled.DeletionDate,
    })
    const pending = failure('KMSInvalidState', `${Arn} is pending deletion.`)
    await expect(kms.send(new aws.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))).rejects.toEqual(pending)
    await expect(kms.send(new aws.EnableKeyCommand({ KeyId }))).rejects.toEqual(pending)
    await expect(kms.send(new aws.ScheduleKeyDeletionCommand({ KeyId }))).rejects.toEqual(pending)
    expect((await kms.send(new aws.CancelKeyDeletionCommand({ KeyId }))).KeyId).toBe(Arn)
    expect(await describeKey(KeyId)).toMatchObject({ Enabled: false, KeyState: 'Disabled' })
    await expect(kms.send(new aws.CancelKeyDeletionCommand({ KeyId }))).rejects.toEqual(
      failure('KMSInvalidState', `${Arn} is not pending deletion.`),
    )
  })

  it('of alias/aws/s3 is made when it is first asked for, and cannot be changed', async () => {
    const key = await describeKey('alias/aws/s3')
    expect(key).toMatchObject({
      KeyManager: 'AWS',
      Description: 'Default key that protects my S3 objects when no other key is defined',
    })
    const KeyId = key?.KeyId ?? ''
    const refused = failure('AccessDenied', /because no resource-based policy allows the kms:DisableKey action$/)
    await expect(kms.send(new aws.DisableKeyCommand({ KeyId }))).rejects.toEqual(refused)
  })
})

describe('an alias', () => {
  it('names a key, moves to another, and goes', async () => {
    const [first, second] = [await createKey(), await createKey()]
    const AliasName = 'alias/tests/one'
    const arn = `arn:aws:kms:us-east-1:${accountId}:${AliasName}`
    await kms.send(new aws.CreateAliasCommand({ AliasName, TargetKeyId: first.KeyId }))
    for (const name of [AliasName, arn]) expect((await describeKey(name))?.KeyId).toBe(first.KeyId)
    const listed = async (KeyId?: string) =>
      (await kms.send(new aws.ListAliasesCommand(KeyId === undefined ? {} : { KeyId }))).Aliases ?? []
    expect(await listed(first.KeyId)).toEqual([
      {
        AliasName,
        AliasArn: arn,
        TargetKeyId: first.KeyId,
        CreationDate: expect.any(Date),
        LastUpdatedDate: expect.any(Date),
      },
    ])
    await kms.send(new aws.UpdateAliasCommand({ AliasName, TargetKeyId: second.Arn }))
    expect(await listed(first.KeyId)).toEqual([])
    expect((await describeKey(AliasName))?.KeyId).toBe(second.KeyId)
    await kms.send(new aws.DeleteAliasCommand({ AliasName }))
    expect((await listed()).map((alias) => alias.AliasName)).not.toContain(AliasName)
    await expect(describeKey(AliasName)).rejects.toEqual(failure('NotFound', `Alias ${arn} is not found.`))
  })

  it('is refused where it is wrong, taken, reserved or leads nowhere', async () => {
    const { KeyId: TargetKeyId } = await createKey()
    const create = (AliasName: string, target = TargetKeyId) =>
      kms.send(new aws.CreateAliasCommand({ AliasName, TargetKeyId: target }))
    await create('alias/taken')
    await expect(create('alias/taken')).rejects.toEqual(
      failure('AlreadyExists', `An alias with the name arn:aws:kms:us-east-1:${accountId}:alias/taken already exists`),
    )
    await expect(create('name')).rejects.toEqual(
      failure(
        'Validation',
        'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
      ),
    )
    await expect(create('alias/a b')).rejects.toEqual(
      failure(
        'Validation',
        "1 validation error detected: Value 'alias/a b' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$",
      ),
    )
    await expect(create('alias/a:b')).rejects.toEqual(
      failure('Validation', 'alias/a:b contains invalid characters for an alias'),
    )
    await expect(create('alias/aws/mine')).rejects.toEqual(failure('NotAuthorized'))
    await expect(create('alias/other', 'alias/taken')).rejects.toEqual(
      failure('Validation', 'Aliases must refer to keys. Not aliases'),
    )
    const none = '12345678-1234-1234-1234-123456789012'
    await expect(create('alias/other', none)).rejects.toEqual(
      failure('NotFound', `Key 'arn:aws:kms:us-east-1:${accountId}:key/${none}' does not exist`),
    )
    await expect(kms.send(new aws.UpdateAliasCommand({ AliasName: 'alias/none', TargetKeyId }))).rejects.toEqual(
      failure('NotFound', `Alias arn:aws:kms:us-east-1:${accountId}:alias/none is not found.`),
    )
    await expect(kms.send(new aws.DisableKeyCommand({ KeyId: 'alias/taken' }))).rejects.toEqual(
      failure('NotFound', "Invalid keyId 'alias/taken'"),
    )
  })
})

describe('what Terraform does with aws_kms_key and aws_kms_alias', () => {
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Id: 'terraform',
    Statement: [
      {
        Sid: 'Root',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  })

  /** The reads of the provider for a plan. */
  async function plan(KeyId: string) {
    const metadata = await describeKey(KeyId)
    const { Policy = '' } = await kms.send(new aws.GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }))
    const { $metadata: _, ...rotation } = await kms.send(new aws.GetKeyRotationStatusCommand({ KeyId }))
    const { Tags, Truncated } = await kms.send(new aws.ListResourceTagsCommand({ KeyId }))
    const { Aliases } = await kms.send(new aws.ListAliasesCommand({ KeyId }))
    return { metadata, policy: JSON.parse(Policy), rotation, Tags, Truncated, Aliases }
  }

  it('is put, read, and planned again without a change', async () => {
    const Tags = [{ TagKey: 'Name', TagValue: 'a' }]
    const { KeyId, Arn } = await createKey({ Policy: policy, Tags, Description: 'one' })
    await kms.send(new aws.EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 180 }))
    await kms.send(new aws.CreateAliasCommand({ AliasName: 'alias/terraform', TargetKeyId: KeyId }))
    const first = await plan(KeyId)
    expect(first).toMatchObject({
      metadata: { Description: 'one', Enabled: true },
      policy: JSON.parse(policy),
      rotation: { KeyRotationEnabled: true, RotationPeriodInDays: 180, KeyId: Arn, NextRotationDate: expect.any(Date) },
      Tags,
      Truncated: false,
      Aliases: [{ AliasName: 'alias/terraform' }],
    })
    expect(await plan(KeyId)).toEqual(first)

    await kms.send(new aws.UpdateKeyDescriptionCommand({ KeyId, Description: 'two' }))
    await kms.send(new aws.PutKeyPolicyCommand({ KeyId, PolicyName: 'default', Policy: policy.replace('Root', 'Own') }))
    await kms.send(new aws.UntagResourceCommand({ KeyId, TagKeys: ['Name'] }))
    await kms.send(new aws.TagResourceCommand({ KeyId, Tags: [{ TagKey: 'Team', TagValue: '' }] }))
    await kms.send(new aws.DisableKeyRotationCommand({ KeyId }))
    await kms.send(new aws.DisableKeyCommand({ KeyId }))
    expect(await plan(KeyId)).toMatchObject({
      metadata: { Description: 'two', Enabled: false },
      policy: { Statement: [{ Sid: 'Own' }] },
      rotation: { KeyRotationEnabled: false },
      Tags: [{ TagKey: 'Team', TagValue: '' }],
    })

    await kms.send(new aws.DeleteAliasCommand({ AliasName: 'alias/terraform' }))
    await kms.send(new aws.ScheduleKeyDeletionCommand({ KeyId }))
    expect(await plan(KeyId)).toMatchObject({ metadata: { KeyState: 'PendingDeletion' }, Aliases: [] })
  })

  it('without a policy gets the one of AWS, and lists it as default', async () => {
    const { KeyId } = await createKey()
    expect((await plan(KeyId)).policy).toEqual({
      Version: '2012-10-17',
      Id: 'key-default-1',
      Statement: [
        {
          Sid: 'Enable IAM User Permissions',
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${accountId}:root` },
          Action: 'kms:*',
          Resource: '*',
        },
      ],
    })
    expect((await kms.send(new aws.ListKeyPoliciesCommand({ KeyId }))).PolicyNames).toEqual(['default'])
  })
})
