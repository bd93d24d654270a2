/** The default encryption of a bucket in the console, and the pages of encrypted objects. */
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { explainEncryption } from '#console/settings/encryption/explain-encryption.ts'
import type { BucketEncryption } from '#model/bucket/bucket-encryption.ts'
import { openTwoDoors, type TwoDoors } from '../../objects/two-doors.ts'
import { customerKey } from '../../s3/encryption/ask.ts'
import { changeKey, makeKey } from '../../s3/encryption/make-key.ts'
import { bucketVisits } from '../bucket-visits.ts'

const Bucket = 'photos'
const page = `/ui/buckets/${Bucket}/encryption`
const { at, put, read } = bucketVisits(Bucket, () => doors.admin)
let doors: TwoDoors

beforeAll(async () => {
  doors = await openTwoDoors()
  await doors.s3.send(new aws.CreateBucketCommand({ Bucket }))
  const VersioningConfiguration = { Status: 'Enabled' as const }
  await doors.s3.send(new aws.PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
})
afterAll(async () => {
  expect(doors.site.errors).toEqual([])
  await doors.close()
})

const keyring = () => doors.site.opened.keys.keyring
const kept = async () => (await doors.store.getBucket(Bucket)).encryption
const save = (fields: Record<string, string>) => doors.admin.post(page, { do: 'save', ...fields })
const head = (Key: string) => doors.s3.send(new aws.HeadObjectCommand({ Bucket, Key }))

describe('the page of the default encryption', () => {
  it.each<[string, Record<string, string>, BucketEncryption | undefined]>([
    ['SSE-S3', { method: 'AES256' }, { method: 'AES256' }],
    [
      'SSE-KMS with a key and a bucket key',
      { method: 'aws:kms', kmsKeyId: ' alias/photos ', usesBucketKey: 'on' },
      { method: 'aws:kms', kmsKeyId: 'alias/photos', usesBucketKey: true },
    ],
    [
      'DSSE-KMS, without the bucket key that it cannot have',
      { method: 'aws:kms:dsse', kmsKeyId: '', usesBucketKey: 'on' },
      { method: 'aws:kms:dsse' },
    ],
    [
      'SSE-S3, without the key of another method',
      { method: 'AES256', kmsKeyId: 'alias/photos', blocksCustomerKeys: 'on' },
      { method: 'AES256', blocked: ['SSE-C'] },
    ],
    ['SSE-C blocked alone', { method: '', blocksCustomerKeys: 'on' }, { blocked: ['SSE-C'] }],
    ['nothing', { method: '' }, undefined],
  ])('saves %s', async (_, fields, encryption) => {
    expect((await save(fields)).status).toBe(303)
    expect(await kept()).toEqual(encryption)
    expect((await doors.admin.get(page)).status).toBe(200)
  })

  it('shows what a method means before it is saved', async () => {
    const { text, status } = await doors.admin.post(page, { do: 'preview', method: 'aws:kms', kmsKeyId: 'alias/x' })
    expect([status, await kept()]).toEqual([200, undefined])
    expect(text).toContain('Not saved')
    expect(text).toContain('They are encrypted with the KMS key alias/x (SSE-KMS)')
    expect(text).toContain('need kms:GenerateDataKey')
  })

  it('offers the keys of the visitor’s account', async () => {
    const { arn } = await makeKey(keyring(), { alias: 'alias/offered' })
    const foreign = await makeKey(keyring(), { account: '111111111111' })
    const { text } = await doors.admin.get(page)
    expect(text).toContain(arn)
    expect(text).not.toContain(foreign.arn)
  })

  it('refuses a method that there is not, and a key that is too long', async () => {
    for (const fields of [{ method: 'AES128' }, { method: 'aws:kms', kmsKeyId: 'x'.repeat(2049) }]) {
      expect((await save(fields)).status).toBe(400)
    }
    expect(await kept()).toBeUndefined()
  })
})

describe('an encrypted object in the console', () => {
  it('is uploaded, shown, downloaded and zipped as its bucket has it', async () => {
    const { arn } = await makeKey(keyring())
    await save({ method: 'aws:kms', kmsKeyId: arn, usesBucketKey: 'on' })
    await put('folder/note.txt', 'what it says')
    expect((await head('folder/note.txt')).SSEKMSKeyId).toBe(arn)
    const { text } = await doors.admin.get(at('object', 'folder/note.txt'))
    expect(text).toContain('what it says')
    expect(text).toContain('SSE-KMS (aws:kms)')
    expect(text).toContain(arn)
    expect(text).toContain('with a bucket key')
    expect((await read('folder/note.txt')).toString()).toBe('what it says')
    const zip = await doors.admin.post(`/ui/buckets/${Bucket}/zip`, { prefix: 'folder/', back: '' })
    expect(Buffer.from(zip.text ?? zip.body).includes('what it says')).toBe(true)
  })

  it('keeps its encryption when its metadata is saved, a version restored, and when it is renamed', async () => {
    const { arn } = await makeKey(keyring())
    const how = { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: arn }
    await save({ method: '' })
    const first = await doors.s3.send(new aws.PutObjectCommand({ Bucket, Key: 'kept.txt', Body: 'first', ...how }))
    await doors.s3.send(new aws.PutObjectCommand({ Bucket, Key: 'kept.txt', Body: 'second' }))
    await doors.admin.post(at('restore', 'kept.txt', `&versionId=${first.VersionId}`), {})
    expect((await head('kept.txt')).SSEKMSKeyId).toBe(arn)
    const etag = (await head('kept.txt')).ETag?.replaceAll('"', '') ?? ''
    await doors.admin.post(at('metadata', 'kept.txt'), { etag, contentType: 'text/x-own' })
    expect(await head('kept.txt')).toMatchObject({ SSEKMSKeyId: arn, ContentType: 'text/x-own' })
    const asked = { sources: [{ key: 'kept.txt' }], base: 'kept.txt', targetBucket: Bucket, target: 'renamed.txt' }
    await doors.admin.json('post', `/ui/buckets/${Bucket}/copy`, { ...asked, isMove: true, isReplace: true })
    expect((await head('renamed.txt')).SSEKMSKeyId).toBe(arn)
    expect((await read('renamed.txt')).toString()).toBe('first')
  })

  it('says why it is not shown where the visitor has no key to it', async () => {
    await doors.s3.send(
      new aws.PutObjectCommand({ Bucket, Key: 'customer.txt', Body: 'secret', ...customerKey('a').sdk }),
    )
    const ofCustomer = (await doors.admin.get(at('object', 'customer.txt'))).text
    expect(ofCustomer).toContain('encrypted with a key that only its client has (SSE-C)')
    expect(ofCustomer).not.toContain('secret')
    expect(ofCustomer).not.toContain('<dt>CRC32</dt>')
    expect(ofCustomer).not.toContain('download=1" data-key="d"')
    const key = await makeKey(keyring())
    const how = { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: key.arn }
    await doors.s3.send(new aws.PutObjectCommand({ Bucket, Key: 'disabled.png', Body: 'secret', ...how }))
    await changeKey(keyring(), key, { isEnabled: false })
    const ofKms = (await doors.admin.get(at('object', 'disabled.png'))).text
    expect(ofKms).toContain(`its key cannot be used: ${key.arn} is disabled.`)
  })
})

describe('what a rule means', () => {
  const newObjects = (encryption: BucketEncryption | undefined, server: 'none' | 'AES256' = 'none') =>
    explainEncryption(encryption, server)[0]?.text

  it('follows the server where the bucket has none', () => {
    expect(newObjects(undefined)).toContain('not encrypted')
    expect(newObjects(undefined, 'AES256')).toContain('SSE-S3')
    expect(newObjects({ blocked: ['SSE-C'] }, 'AES256')).toContain('SSE-S3')
  })

  it('names the key, and what is refused', () => {
    expect(newObjects({ method: 'aws:kms' })).toContain('alias/aws/s3')
    const blocked = explainEncryption({ method: 'AES256', blocked: ['SSE-C'] }, 'none')
    expect(blocked.map(({ text }) => text).join(' ')).toContain('refused with 403')
  })
})
