/** Annotations of objects: put, get, list, delete, and what becomes of them with their version. */
import { createHash, randomBytes } from 'node:crypto'
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { digestOnce } from '#lib/digest/digest.ts'
import { checksumAlgorithms } from '#model/object/object.ts'
import { startTestApi, type TestApi } from '../../input/api.ts'

const md5 = (text: string) => createHash('md5').update(text).digest('hex')

describe.each(['lmdb', 'memory'])('annotations (%s)', (METADATA_ENGINE) => {
  let api: TestApi
  let s3: aws.S3Client
  let count = 0
  let Bucket = ''
  const clientOf = (accessKeyId: string) =>
    new aws.S3Client({
      endpoint: `http://127.0.0.1:${api.port}`,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey: `${accessKeyId}-secret` },
      maxAttempts: 1,
    })

  beforeAll(async () => {
    api = await startTestApi({ METADATA_ENGINE })
    s3 = clientOf('main')
  })
  beforeEach(async () => {
    Bucket = `notes-${count++}`
    await s3.send(new aws.CreateBucketCommand({ Bucket }))
    await put('key', 'content')
  })
  afterAll(async () => {
    s3.destroy()
    await api.close()
  })

  const put = (Key: string, Body: string) => s3.send(new aws.PutObjectCommand({ Bucket, Key, Body }))
  const annotate = (
    AnnotationName: string,
    AnnotationPayload: string,
    more: Partial<aws.PutObjectAnnotationCommandInput> = {},
  ) => s3.send(new aws.PutObjectAnnotationCommand({ Bucket, Key: 'key', AnnotationName, AnnotationPayload, ...more }))
  const get = async (AnnotationName: string, more: Partial<aws.GetObjectAnnotationCommandInput> = {}) => {
    const command = new aws.GetObjectAnnotationCommand({ Bucket, Key: 'key', AnnotationName, ...more })
    const answer = await s3.send(command)
    return { ...answer, text: await answer.AnnotationPayload?.transformToString() }
  }
  const list = (more: Partial<aws.ListObjectAnnotationsCommandInput> = {}) =>
    s3.send(new aws.ListObjectAnnotationsCommand({ Bucket, Key: 'key', ...more }))
  const names = async (more: Partial<aws.ListObjectAnnotationsCommandInput> = {}) =>
    (await list(more)).Annotations?.map(({ AnnotationName }) => AnnotationName) ?? []
  const remove = (AnnotationName: string, more: Partial<aws.DeleteObjectAnnotationCommandInput> = {}) =>
    s3.send(new aws.DeleteObjectAnnotationCommand({ Bucket, Key: 'key', AnnotationName, ...more }))
  const enableVersioning = () =>
    s3.send(new aws.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }))
  const usage = async () => {
    await api.ask({ line: `PUT /_/quota/${Bucket}`, body: '{"objectCount": 1000000}' })
    return JSON.parse((await api.ask({ line: `GET /_/quota/${Bucket}` })).body).usage
  }

  it.each([
    ['a word', 'x'],
    ['JSON', '{"a": [1, "ü"]}'],
    ['64 KiB and a byte', 'x'.repeat(65_537)],
    ['1 MiB', 'é'.repeat(512 * 1024)],
  ])('are read as they were put: %s', async (_, text) => {
    const before = await s3.send(new aws.HeadObjectCommand({ Bucket, Key: 'key' }))
    const crc32 = digestOnce(['CRC32'], Buffer.from(text)).get('CRC32')?.toString('base64')
    const done = await annotate('note', text)
    expect(done).toMatchObject({
      Key: 'key',
      AnnotationName: 'note',
      ETag: `"${md5(text)}"`,
      ChecksumCRC32: crc32,
      ChecksumType: 'FULL_OBJECT',
    })
    const got = await get('note', { ChecksumMode: 'ENABLED' })
    expect(got).toMatchObject({
      text,
      ETag: `"${md5(text)}"`,
      ContentLength: Buffer.byteLength(text),
      ChecksumCRC32: crc32,
    })
    expect(got.LastModified).toBeInstanceOf(Date)
    const plain = await api.ask({ line: `GET /${Bucket}/key?annotation&annotationName=note` })
    expect([plain.status, plain.headers['x-amz-checksum-crc32']]).toEqual([200, undefined])
    const after = await s3.send(new aws.HeadObjectCommand({ Bucket, Key: 'key' }))
    expect([after.ETag, after.LastModified]).toEqual([before.ETag, before.LastModified])
  })

  it('replace one of the same name, and are listed by their names with what they are', async () => {
    for (const [name, text] of [
      ['b', '1'],
      ['a.1', '22'],
      ['über', '333'],
      ['b', '4444'],
      ['Ж-x', '5'],
    ] as const) {
      await annotate(name, text)
    }
    const { Annotations, AnnotationCount, MaxAnnotationResults, NextContinuationToken } = await list()
    expect([AnnotationCount, MaxAnnotationResults, NextContinuationToken]).toEqual([4, 1000, undefined])
    expect(Annotations?.map(({ AnnotationName, Size }) => [AnnotationName, Size])).toEqual([
      ['a.1', 2],
      ['b', 4],
      ['über', 3],
      ['Ж-x', 1],
    ])
    expect(Annotations?.[1]).toMatchObject({ ETag: `"${md5('4444')}"`, ChecksumAlgorithm: ['CRC32'] })
    expect(await names({ AnnotationPrefix: 'ü' })).toEqual(['über'])
    expect((await list({ AnnotationPrefix: 'none' })).AnnotationCount).toBe(0)
    expect((await list({ AnnotationPrefix: 'b' })).AnnotationPrefix).toBe('b')
  })

  it('are listed in pages', async () => {
    const all = Array.from({ length: 7 }, (_, at) => `n${at}`)
    for (const name of all) await annotate(name, name)
    const seen: (string | undefined)[] = []
    let ContinuationToken: string | undefined
    do {
      const page = await list({ MaxAnnotationResults: 3, ContinuationToken, AnnotationPrefix: 'n' })
      expect(page.ContinuationToken).toBe(ContinuationToken)
      seen.push(...(page.Annotations ?? []).map(({ AnnotationName }) => AnnotationName))
      ContinuationToken = page.NextContinuationToken
    } while (ContinuationToken !== undefined)
    expect(seen).toEqual(all)
  })

  it('are deleted, once and again', async () => {
    await annotate('note', 'x')
    await remove('note')
    await remove('note')
    await expect(get('note')).rejects.toMatchObject({
      name: 'NoSuchAnnotation',
      message: 'The specified annotation does not exist.',
      $metadata: { httpStatusCode: 404 },
    })
    expect(await names()).toEqual([])
  })

  it.each(checksumAlgorithms)('keep a checksum of %s', async (ChecksumAlgorithm) => {
    const value = digestOnce([ChecksumAlgorithm], Buffer.from('text')).get(ChecksumAlgorithm)?.toString('base64') ?? ''
    await annotate('note', 'text', { [`Checksum${ChecksumAlgorithm}`]: value })
    // The SDK does not know all of them.
    const line = `GET /${Bucket}/key?annotation&annotationName=note`
    const got = await api.ask({ line, headers: { 'x-amz-checksum-mode': 'ENABLED' } })
    expect(got.headers[`x-amz-checksum-${ChecksumAlgorithm.toLowerCase()}`]).toBe(value)
    expect((await list()).Annotations?.[0]?.ChecksumAlgorithm).toEqual([ChecksumAlgorithm])
    const wrong = Buffer.alloc(Buffer.from(value, 'base64').length).toString('base64')
    const refused = annotate('other', 'text', { [`Checksum${ChecksumAlgorithm}`]: wrong })
    await expect(refused).rejects.toMatchObject({ name: 'BadDigest' })
  })

  it('keep to the ETag that the object must have', async () => {
    const { ETag } = await put('key', 'content')
    await annotate('note', 'x', { ObjectIfMatch: ETag })
    const other = { ObjectIfMatch: `"${md5('other')}"` }
    const failed = { name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } }
    await expect(annotate('note', 'y', other)).rejects.toMatchObject(failed)
    await expect(remove('note', other)).rejects.toMatchObject(failed)
    expect((await get('note')).text).toBe('x')
    await remove('note', { ObjectIfMatch: ETag })
  })

  it('have no more than 1,000 on a version, also where many come at once', { timeout: 60_000 }, async () => {
    const command = (at: number) => annotate(`n${at}`, 'x')
    for (let at = 0; at < 990; at += 30) await Promise.all(Array.from({ length: 30 }, (_, i) => command(at + i)))
    const outcomes = await Promise.allSettled(Array.from({ length: 25 }, (_, i) => command(990 + i)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
    for (const one of outcomes) {
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ name: 'AnnotationLimitExceeded' })
    }
    await annotate('n5', 'replaced')
    expect((await list()).AnnotationCount).toBe(1000)
    await remove('n5')
    await annotate('last', 'x')
    // More than one commit removes.
    await s3.send(new aws.DeleteObjectCommand({ Bucket, Key: 'key' }))
    await put('key', 'content')
    expect((await list()).AnnotationCount).toBe(0)
    expect(await usage()).toEqual({ objectCount: 1, sizeBytes: 7 })
  })

  it('count for the size of the bucket, and go with the object', async () => {
    await annotate('a', 'x'.repeat(100))
    await annotate('b', 'x'.repeat(70_000))
    expect(await usage()).toEqual({ objectCount: 1, sizeBytes: 70_107 })
    await annotate('b', 'x')
    expect(await usage()).toEqual({ objectCount: 1, sizeBytes: 108 })
    await put('key', 'new')
    expect(await names()).toEqual([])
    expect(await usage()).toEqual({ objectCount: 1, sizeBytes: 3 })
    await annotate('a', 'x')
    await s3.send(new aws.DeleteObjectCommand({ Bucket, Key: 'key' }))
    expect(await usage()).toEqual({ objectCount: 0, sizeBytes: 0 })
    await s3.send(new aws.DeleteBucketCommand({ Bucket }))
  })

  it('are refused by a quota', async () => {
    await api.ask({ line: `PUT /_/quota/${Bucket}`, body: '{"sizeBytes": 20}' })
    await annotate('a', 'x'.repeat(13))
    await expect(annotate('b', 'x')).rejects.toMatchObject({ name: 'QuotaExceeded' })
    await annotate('a', 'x')
    await annotate('b', 'x')
  })

  it('belong to one version each', async () => {
    await annotate('note', 'null')
    await enableVersioning()
    const { VersionId } = await put('key', 'second')
    expect(await names()).toEqual([])
    const done = await annotate('note', 'second')
    expect(done.ObjectVersionId).toBe(VersionId)
    await annotate('note', 'first', { VersionId: 'null' })
    await put('key', 'third')
    expect((await get('note', { VersionId })).text).toBe('second')
    expect(await get('note', { VersionId: 'null' })).toMatchObject({ text: 'first', ObjectVersionId: 'null' })
    const { VersionId: marker } = await s3.send(new aws.DeleteObjectCommand({ Bucket, Key: 'key' }))
    const refused = { name: 'MethodNotAllowed', $metadata: { httpStatusCode: 405 } }
    await expect(annotate('note', 'x')).rejects.toMatchObject(refused)
    await expect(list({ VersionId: marker })).rejects.toMatchObject(refused)
    expect((await get('note', { VersionId })).text).toBe('second')
    await s3.send(new aws.DeleteObjectCommand({ Bucket, Key: 'key', VersionId }))
    await expect(get('note', { VersionId })).rejects.toMatchObject({ name: 'NoSuchVersion' })
    const { sizeBytes } = await usage()
    expect(sizeBytes).toBe('content'.length + 'first'.length + 'third'.length)
  })

  it('go along with a rename, and stay with an append', async () => {
    await annotate('note', 'x'.repeat(100_000))
    await s3.send(new aws.RenameObjectCommand({ Bucket, Key: 'new', RenameSource: `${Bucket}/key` }))
    expect((await get('note', { Key: 'new' })).text).toHaveLength(100_000)
    await put('key', 'another')
    expect(await names()).toEqual([])
    await s3.send(new aws.PutObjectCommand({ Bucket, Key: 'new', Body: 'more', WriteOffsetBytes: 7 }))
    expect((await get('note', { Key: 'new' })).text).toHaveLength(100_000)
    expect(await usage()).toEqual({ objectCount: 2, sizeBytes: 100_018 })
    await s3.send(new aws.DeleteObjectCommand({ Bucket, Key: 'new' }))
    expect(await usage()).toEqual({ objectCount: 1, sizeBytes: 7 })
  })

  it('are copied with an object unless that is excluded', async () => {
    await annotate('a', 'one')
    await annotate('b', 'x'.repeat(200_000))
    const copy = (Key: string, AnnotationDirective?: 'COPY' | 'EXCLUDE') =>
      s3.send(new aws.CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/key`, AnnotationDirective }))
    await copy('copy')
    await copy('same', 'COPY')
    await copy('bare', 'EXCLUDE')
    expect(await names({ Key: 'copy' })).toEqual(['a', 'b'])
    expect(await names({ Key: 'same' })).toEqual(['a', 'b'])
    expect(await names({ Key: 'bare' })).toEqual([])
    await remove('a')
    expect((await get('a', { Key: 'copy' })).text).toBe('one')
    expect((await get('b', { Key: 'copy' })).text).toHaveLength(200_000)
    const onto = { Bucket, Key: 'copy', CopySource: `${Bucket}/copy`, MetadataDirective: 'REPLACE' } as const
    await s3.send(new aws.CopyObjectCommand(onto))
    expect(await names({ Key: 'copy' })).toEqual(['a', 'b'])
    await expect(copy('x', 'SOME' as 'COPY')).rejects.toMatchObject({ name: 'InvalidArgument' })
    const refused = { Bucket, Key: 'bare', CopySource: `${Bucket}/copy`, IfNoneMatch: '*' }
    await expect(s3.send(new aws.CopyObjectCommand(refused))).rejects.toMatchObject({ name: 'PreconditionFailed' })
  })

  it('take rights of their own, to copy them too', async () => {
    await annotate('note', 'x')
    const reader = clientOf('nobody')
    const allow = (Action: string[], more = {}) =>
      s3.send(
        new aws.PutBucketPolicyCommand({
          Bucket,
          Policy: JSON.stringify({
            Version: '2012-10-17',
            Statement: [
              {
                Effect: 'Allow',
                Principal: { AWS: 'arn:aws:iam::000000000000:user/nobody' },
                Action,
                Resource: `arn:aws:s3:::${Bucket}/*`,
                ...more,
              },
            ],
          }),
        }),
      )
    const object = { Bucket, Key: 'key' }
    const copy = () => reader.send(new aws.CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/key` }))
    const read = (prefix?: string) =>
      reader.send(new aws.ListObjectAnnotationsCommand({ ...object, ...(prefix && { AnnotationPrefix: prefix }) }))
    const denied = { name: 'AccessDenied' }
    await allow(['s3:GetObject', 's3:PutObject'])
    await expect(read()).rejects.toMatchObject(denied)
    await expect(
      reader.send(new aws.GetObjectAnnotationCommand({ ...object, AnnotationName: 'note' })),
    ).rejects.toMatchObject(denied)
    await expect(copy()).rejects.toMatchObject(denied)
    await allow(['s3:GetObject', 's3:PutObject', 's3:GetObjectAnnotation'])
    await expect(copy()).rejects.toMatchObject(denied)
    await allow(['s3:GetObject', 's3:PutObject', 's3:GetObjectAnnotation', 's3:PutObjectAnnotation'])
    await copy()
    await expect(
      reader.send(new aws.DeleteObjectAnnotationCommand({ ...object, AnnotationName: 'note' })),
    ).rejects.toMatchObject(denied)
    await allow(['s3:ListObjectAnnotations'], { Condition: { StringEquals: { 's3:annotation-prefix': 'no' } } })
    await expect(read()).rejects.toMatchObject(denied)
    expect((await read('no')).AnnotationCount).toBe(1)
    reader.destroy()
  })

  it('of one name put at once are one of them, whole', async () => {
    const texts = Array.from({ length: 8 }, (_, at) => `${at}`.repeat(at % 2 === 0 ? 100_000 : 10))
    await Promise.all([
      ...texts.map((text) => annotate('note', text)),
      ...Array.from({ length: 20 }, async () => {
        const got = await get('note').catch(() => undefined)
        if (got !== undefined) expect(texts).toContain(got.text)
      }),
    ])
    expect(texts).toContain((await get('note')).text)
    expect((await list()).AnnotationCount).toBe(1)
  })

  it('of random bytes are no text', async () => {
    const payload = Buffer.concat([Buffer.from([0xff]), randomBytes(10)])
    const command = new aws.PutObjectAnnotationCommand({
      Bucket,
      Key: 'key',
      AnnotationName: 'note',
      AnnotationPayload: payload,
    })
    await expect(s3.send(command)).rejects.toMatchObject({
      name: 'UnsupportedMediaType',
      $metadata: { httpStatusCode: 415 },
    })
  })
})
