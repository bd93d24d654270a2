/** S3 and the console answer the same, since both ask objects/. */
import { Readable } from 'node:stream'
import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  RenameObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { messageOf, openBucket, openTwoDoors, type TwoDoors } from './two-doors.ts'

let doors: TwoDoors
let here: Awaited<ReturnType<typeof openBucket>>
let there: typeof here
const Bucket = 'photos'

beforeAll(async () => {
  doors = await openTwoDoors()
  here = await openBucket(doors, Bucket)
  there = await openBucket(doors, 'shelf')
})
afterAll(async () => {
  expect(doors.site.errors).toEqual([])
  await doors.close()
})

/** As an earlier release wrote it. */
async function putArchived(key: string): Promise<void> {
  const { store } = doors
  const source = Readable.from([Buffer.from('cold')], { objectMode: false })
  const staged = await store.stage({ source, sizeBytes: 4, maxBytes: 4, algorithms: [] })
  const bucket = await store.getBucket(Bucket)
  const value = staged.digests.get('CRC64NVME')?.toString('base64') ?? ''
  await store.putObject({
    bucket,
    key,
    staged,
    attributes: { headers: {}, userMetadata: {}, storageClass: 'GLACIER', ownerId: bucket.ownerId },
    checksum: { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value },
    conditions: {},
  })
}

const tagged = (key: string, Tagging: string) =>
  doors.s3.send(new PutObjectCommand({ Bucket, Key: key, Body: 'tagged', Tagging }))
const renameInS3 = (from: string, Key: string) =>
  messageOf(doors.s3.send(new RenameObjectCommand({ Bucket, Key, RenameSource: `${Bucket}/${from}` })))

describe('what is written', () => {
  it('has the same record through both, but for what the browser says of its type', async () => {
    const { s3 } = doors
    await here.put('same.txt', 'body')
    const fromConsole = await here.version('same.txt')
    await s3.send(new PutObjectCommand({ Bucket, Key: 'same.txt', Body: 'body', ContentType: 'text/plain' }))
    const fromS3 = await here.version('same.txt')
    expect(fromS3).toMatchObject({ ownerId: fromConsole?.ownerId, storageClass: 'STANDARD', userMetadata: {} })
    const { etag, headers, sizeBytes } = fromConsole ?? {}
    expect(fromS3).toMatchObject({ etag, headers, sizeBytes })
    expect(fromConsole?.checksum).toMatchObject({ algorithm: 'CRC64NVME', type: 'FULL_OBJECT' })
  })

  it('has no more metadata than fits', async () => {
    const { admin, s3 } = doors
    await here.put('large.txt', 'body')
    const note = 'x'.repeat(3000)
    const copy = { Bucket, Key: 'large.txt', CopySource: `${Bucket}/large.txt`, MetadataDirective: 'REPLACE' } as const
    const refused = await messageOf(s3.send(new CopyObjectCommand({ ...copy, Metadata: { note } })))
    const etag = (await here.version('large.txt'))?.etag ?? ''
    const saved = await admin.post(here.at('metadata', 'large.txt'), { etag, name: ['note'], value: [note] })
    expect(refused).toBe('Your metadata headers exceed the maximum allowed metadata size')
    expect([saved.status, saved.text.includes(refused)]).toEqual([400, true])
  })

  it('is a part with a checksum where the upload asks for that of each part', async () => {
    const { admin, s3 } = doors
    const begin = { Bucket, Key: 'parts', ChecksumAlgorithm: 'SHA256' } as const
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(begin))
    const part = new UploadPartCommand({ Bucket, Key: 'parts', UploadId, PartNumber: 1, Body: 'x' })
    part.middlewareStack.add(
      (next) => (args) => {
        const { headers } = args.request as { headers: Record<string, string> }
        for (const name of Object.keys(headers)) if (/checksum|trailer/.test(name)) delete headers[name]
        return next(args)
      },
      { step: 'build', priority: 'low' },
    )
    const refused = await messageOf(s3.send(part))
    const sent = await admin.agent
      .put(here.at(`uploads/${UploadId}/parts/1`, 'parts'))
      .set({ 'x-csrf-token': admin.token(), accept: 'application/json' })
      .type('bin')
      .send('x')
    expect(refused).toMatch(/^Checksum Type mismatch occurred/)
    expect([sent.status, sent.body.message]).toEqual([400, refused])
  })
})

describe('a copy', () => {
  it('is made of no archived object', async () => {
    const { admin, s3 } = doors
    await putArchived('cold.bin')
    const copy = { Bucket, Key: 'copy.bin', CopySource: `${Bucket}/cold.bin` }
    const refused = await messageOf(s3.send(new CopyObjectCommand(copy)))
    expect(refused).toBe("Operation is not valid for the source object's storage class")
    expect(await here.copyInConsole('cold.bin', 'copy.bin')).toBe(refused)
    expect(await here.copyInConsole('cold.bin', 'moved.bin', { isMove: true, targetBucket: 'shelf' })).toBe(refused)
    const etag = (await here.version('cold.bin'))?.etag ?? ''
    const saved = await admin.post(here.at('metadata', 'cold.bin'), { etag, contentType: 'text/plain' })
    expect(saved.status).toBe(403)
    expect([await here.version('copy.bin'), await there.version('moved.bin')]).toEqual([undefined, undefined])
    // It stays where it is under another name.
    expect([
      await renameInS3('cold.bin', 'cold2'),
      await here.copyInConsole('cold2', 'cold3', { isMove: true }),
    ]).toEqual(['done', 'done'])
  })

  it('carries tags over only where these may be read and set', async () => {
    await tagged('labelled', 'team=red')
    const copyInS3 = () =>
      messageOf(doors.s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/labelled` })))
    for (const [action, condition] of [
      ['s3:GetObjectTagging', {}],
      ['s3:PutObjectTagging', { StringEquals: { 's3:RequestObjectTag/team': 'red' } }],
    ] as const) {
      await here.deny(action, condition)
      const refused = await copyInS3()
      expect(refused).toContain(`not authorized to perform: ${action}`)
      expect(await here.copyInConsole('labelled', 'copy')).toBe(refused)
    }
    await here.allow()
    expect([await copyInS3(), await here.copyInConsole('labelled', 'copied')]).toEqual(['done', 'done'])
    expect((await here.version('copied'))?.tags).toEqual((await here.version('copy'))?.tags)
  })

  it('that moves deletes the source, and copies nothing without the right to that', async () => {
    await here.put('to-move', 'moving')
    await here.deny('s3:DeleteObject')
    expect(await here.copyInConsole('to-move', 'moved', { isMove: true, targetBucket: 'shelf' })).toContain(
      'not authorized to perform: s3:DeleteObject',
    )
    expect(await there.version('moved')).toBeUndefined()
    await here.deny('s3:DeleteObject', { Null: { 's3:if-match': 'true' } })
    expect(await here.copyInConsole('to-move', 'moved', { isMove: true, targetBucket: 'shelf' })).toBe('done')
    await here.allow()
    expect(await here.version('to-move')).toBeUndefined()
    expect((await there.version('moved'))?.sizeBytes).toBe(6)
  })
})

describe('a rename', () => {
  it.each(['s3:DeleteObject', 's3:GetObject', 's3:PutObject'])('takes %s', async (action) => {
    await here.put('old', 'renamed')
    await here.deny(action)
    const refused = await renameInS3('old', 'new')
    expect(refused).toContain(`not authorized to perform: ${action}`)
    expect(await here.copyInConsole('old', 'new', { isMove: true })).toBe(refused)
    await here.allow()
    expect(await here.version('new')).toBeUndefined()
  })

  it('writes the tags, the class and the content that the object has, whatever the request says', async () => {
    await tagged('red', 'team=red')
    const lying = () => {
      const command = new RenameObjectCommand({ Bucket, Key: 'new', RenameSource: `${Bucket}/red` })
      command.middlewareStack.add(
        (next) => (args) => {
          const { headers } = args.request as { headers: Record<string, string> }
          Object.assign(headers, { 'x-amz-tagging': 'team=blue', 'x-amz-storage-class': 'STANDARD_IA' })
          return next(args)
        },
        { step: 'build' },
      )
      return messageOf(doors.s3.send(command))
    }
    for (const condition of [
      { StringEquals: { 's3:RequestObjectTag/team': 'red' } },
      { StringNotEquals: { 's3:RequestObjectTag/team': 'blue' } },
      { StringNotEquals: { 's3:x-amz-storage-class': 'STANDARD_IA' } },
      { StringLike: { 's3:x-amz-copy-source': `${Bucket}/red` } },
    ]) {
      await here.deny('s3:PutObject', condition)
      const refused = await lying()
      expect([condition, refused]).toEqual([condition, expect.stringContaining('not authorized to perform')])
      expect(await here.copyInConsole('red', 'new', { isMove: true })).toBe(refused)
    }
    await here.allow()
    expect((await here.version('red'))?.tags).toEqual({ team: 'red' })
  })

  it('does not tell whether the source exists without the right to list', async () => {
    await here.put('there', 'x')
    await doors.site.policies.put(
      Bucket,
      JSON.stringify({
        Version: '2012-10-17',
        Statement: { Effect: 'Deny', Principal: '*', Action: 's3:ListBucket', Resource: `arn:aws:s3:::${Bucket}` },
      }),
    )
    const refused = await renameInS3('absent', 'new')
    expect(refused).toContain('not authorized to perform: s3:ListBucket')
    expect(await here.copyInConsole('absent', 'new', { isMove: true })).toBe(refused)
    expect(await here.copyInConsole('absent', 'new')).toBe(refused)
    await here.allow()
  })
})

describe('deletions', () => {
  const removeInS3 = async (Objects: { Key: string; VersionId?: string }[]) => {
    const { Errors = [] } = await doors.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
    return Errors.map(({ Message }) => Message)
  }
  const removeInConsole = async (page: string, body: object) =>
    (await doors.admin.json('post', `/ui/buckets/${Bucket}/${page}`, body)).body.failed.map(
      ({ message }: { message: string }) => message,
    )

  it('of keys and versions that cannot be fail alone, and with the same message', async () => {
    await here.put('kept', 'x')
    const key = 'k'.repeat(1025)
    const refused = await removeInS3([{ Key: key }])
    expect(refused).toEqual(['Your key is too long'])
    expect(await removeInConsole('delete', { sources: [{ key }, { key: 'kept' }] })).toEqual(refused)
    expect(await removeInConsole('delete', { sources: [{ key: 'a\0b' }] })).toEqual([
      'Object keys must not contain NUL.',
    ])
    expect(await here.version('kept')).toBeUndefined()
    const noVersion = await removeInS3([{ Key: 'kept', VersionId: 'x' }])
    expect(noVersion).toEqual(['The specified version does not exist.'])
    expect(await removeInConsole('undo-delete', { markers: [{ key: 'kept', versionId: 'x' }] })).toEqual(noVersion)
    const asked = { sources: [{ key }], base: '', targetBucket: 'shelf', target: '', isReplace: true }
    for (const isMove of [false, true]) expect(await removeInConsole('copy', { ...asked, isMove })).toEqual(refused)
  })

  it('take the right to the version that is named', async () => {
    await here.put('one', '1')
    await here.deny('s3:DeleteObjectVersion')
    const refused = await removeInS3([{ Key: 'one', VersionId: 'null' }])
    expect(refused).toEqual([expect.stringContaining('not authorized to perform: s3:DeleteObjectVersion')])
    expect(await removeInConsole('undo-delete', { markers: [{ key: 'one', versionId: 'null' }] })).toEqual(refused)
    await here.allow()
  })
})

describe('tags', () => {
  it('are refused alike: those that cannot be, and those of a delete marker', async () => {
    const { admin, s3 } = doors
    const kept = await openBucket(doors, 'kept')
    const Status = 'Enabled'
    await s3.send(new PutBucketVersioningCommand({ Bucket: kept.Bucket, VersioningConfiguration: { Status } }))
    const save = (name: string, value: string) => admin.post(kept.at('object-tags', 'a.txt'), { name, value })
    const putInS3 = (Key: string, Value: string) => {
      const TagSet = [{ Key, Value }]
      return messageOf(s3.send(new PutObjectTaggingCommand({ Bucket: kept.Bucket, Key: 'a.txt', Tagging: { TagSet } })))
    }
    await kept.put('a.txt', 'x')
    const refused = await putInS3('aws:x', '1')
    expect(refused).toBe('Your TagKey cannot be prefixed with aws:')
    expect((await save('aws:x', '1')).text).toContain(refused)
    await s3.send(new DeleteObjectCommand({ Bucket: kept.Bucket, Key: 'a.txt' }))
    expect(await putInS3('team', 'red')).toBe('The specified method is not allowed against this resource.')
    expect((await save('team', 'red')).status).toBe(405)
  })

  it('set at the same time through both are all set in turn', async () => {
    const { admin, s3 } = doors
    await here.put('busy', 'x')
    const saves = Array.from({ length: 8 }, async (_, at) => {
      const TagSet = [{ Key: 'at', Value: String(at) }]
      const one = await admin.post(here.at('object-tags', 'busy'), { name: 'at', value: `console ${at}` })
      await s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'busy', Tagging: { TagSet } }))
      return one.status
    })
    expect(await Promise.all(saves)).toEqual(saves.map(() => 303))
    expect((await here.version('busy'))?.tags?.at).toMatch(/^\d$|^console \d$/)
  })
})

describe('metadata typed in the console', () => {
  it('of any letters is sent back by S3', async () => {
    const { admin, s3 } = doors
    await here.put('named', 'x')
    const etag = (await here.version('named'))?.etag ?? ''
    const sent = { etag, contentDisposition: 'attachment; filename="é ✓.txt"', name: 'note', value: 'é ✓' }
    expect((await admin.post(here.at('metadata', 'named'), sent)).status).toBe(303)
    const { ContentDisposition = '', Metadata } = await s3.send(new GetObjectCommand({ Bucket, Key: 'named' }))
    expect(Buffer.from(ContentDisposition, 'latin1').toString()).toBe(sent.contentDisposition)
    expect(Metadata).toEqual({ note: expect.stringMatching(/^=\?UTF-8\?/) })
    expect((await admin.get(here.at('metadata', 'named'))).text).toContain('filename=&#34;é ✓.txt&#34;')
  })
})

describe('buckets', () => {
  it('are made with the same record through both', async () => {
    const site = await openTwoDoors({ DEFAULT_OBJECT_OWNERSHIP: 'ObjectWriter', DEFAULT_PUBLIC_ACCESS_BLOCK: 'true' })
    const { Bucket: fromS3 } = await openBucket(site, 'from-s3')
    await site.admin.post('/ui/buckets', { name: 'from-console' })
    const [one, other] = await Promise.all([fromS3, 'from-console'].map((name) => site.store.getBucket(name)))
    expect(other).toEqual({ ...one, name: 'from-console', createdAtMs: other?.createdAtMs })
    expect(one).toMatchObject({ ownershipControls: 'none', publicAccessBlock: { blockPublicAcls: true } })
    await site.close()
  })
})
