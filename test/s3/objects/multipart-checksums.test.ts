/** The checksums in a completion are checked, and the checksums of parts can be read afterwards. */
import {
  type ChecksumAlgorithm,
  type ChecksumType,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestOnce } from '#lib/digest/digest.ts'
import { type ChecksumAlgorithm as Algorithm, checksumAlgorithms } from '#model/object/object.ts'
import { startServer, type TestServer } from '../start-server.ts'

const Bucket = 'bucket'
const bodies = [Buffer.alloc(5 * 1024 * 1024, 'a'), Buffer.from('the rest')]
const all = Buffer.concat(bodies)
const composable = checksumAlgorithms.filter((algorithm) => algorithm !== 'CRC64NVME')
const combinable = ['CRC32', 'CRC32C', 'CRC64NVME'] as const

function base64Of(algorithm: Algorithm, bytes: Buffer): string {
  return digestOnce([algorithm], bytes).get(algorithm)?.toString('base64') ?? ''
}

let server: TestServer
let client: S3Client
beforeAll(async () => {
  server = await startServer({ engine: 'memory' })
  client = server.client('main', { requestChecksumCalculation: 'WHEN_REQUIRED' })
  await client.send(new CreateBucketCommand({ Bucket }))
})
afterAll(() => server.close())

let keys = 0

interface Begun {
  readonly target: { Bucket: string; Key: string; UploadId: string | undefined }
  /** From the answers to UploadPart. */
  readonly parts: CompletedPart[]
  readonly bare: CompletedPart[]
}

async function begin(
  algorithm?: Algorithm,
  type?: ChecksumType,
  partAlgorithm: Algorithm | undefined = algorithm,
): Promise<Begun> {
  const Key = `object-${++keys}`
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({
      Bucket,
      Key,
      ...(algorithm && { ChecksumAlgorithm: algorithm as ChecksumAlgorithm }),
      ...(type && { ChecksumType: type }),
    }),
  )
  const target = { Bucket, Key, UploadId }
  const parts: CompletedPart[] = []
  for (const [index, Body] of bodies.entries()) {
    const PartNumber = index + 1
    const checksum = partAlgorithm && { [`Checksum${partAlgorithm}`]: base64Of(partAlgorithm, Body) }
    const { ETag } = await client.send(new UploadPartCommand({ ...target, PartNumber, Body, ...checksum }))
    parts.push({ PartNumber, ETag, ...checksum })
  }
  return { target, parts, bare: parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag })) }
}

function complete({ target }: Begun, Parts: CompletedPart[], more: Partial<CompleteMultipartUploadCommandInput> = {}) {
  return client.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts }, ...more }))
}

const compositeOf = (algorithm: Algorithm) =>
  base64Of(algorithm, Buffer.concat(bodies.map((body) => Buffer.from(base64Of(algorithm, body), 'base64'))))

describe('a completion of a composite upload', () => {
  it.each(composable)('needs the %s of every part', async (algorithm) => {
    const begun = await begin(algorithm, 'COMPOSITE')
    const [first = {}, second = {}] = begun.parts
    const missing = (part: number) => ({
      name: 'InvalidRequest',
      message: `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${part} in the request.`,
    })
    await expect(complete(begun, begun.bare)).rejects.toMatchObject(missing(1))
    await expect(complete(begun, [first, ...begun.bare.slice(1)])).rejects.toMatchObject(missing(2))
    const wrong = { ...second, [`Checksum${algorithm}`]: base64Of(algorithm, Buffer.from('other')) }
    await expect(complete(begun, [first, wrong])).rejects.toMatchObject({ name: 'InvalidPart' })
    const done = await complete(begun, begun.parts)
    expect(done).toMatchObject({ ChecksumType: 'COMPOSITE', [`Checksum${algorithm}`]: `${compositeOf(algorithm)}-2` })
  })

  it.each(composable)('takes the right %s with the count of parts and without, and no other', async (algorithm) => {
    const member = `Checksum${algorithm}`
    const digest = compositeOf(algorithm)
    for (const right of [digest, `${digest}-2`]) {
      const begun = await begin(algorithm, 'COMPOSITE')
      for (const wrong of [
        base64Of(algorithm, all),
        `${base64Of(algorithm, all)}-2`,
        `${digest}-3`,
        `${digest}-2-2`,
        'none',
      ]) {
        await expect(complete(begun, begun.parts, { [member]: wrong })).rejects.toMatchObject({
          name: 'BadDigest',
          message: `The ${algorithm.toLowerCase()} you specified did not match the calculated checksum.`,
        })
      }
      expect(await complete(begun, begun.parts, { [member]: right })).toMatchObject({ [member]: `${digest}-2` })
    }
  })

  it('takes no part without a checksum, and copies get one', async () => {
    const { target } = await begin('SHA256', 'COMPOSITE')
    const part = { ...target, PartNumber: 3 }
    await expect(client.send(new UploadPartCommand({ ...part, Body: 'x' }))).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: 'Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: null',
    })
    await client.send(new PutObjectCommand({ Bucket, Key: 'source', Body: 'x' }))
    const copied = await client.send(new UploadPartCopyCommand({ ...part, CopySource: `${Bucket}/source` }))
    expect(copied.CopyPartResult?.ChecksumSHA256).toBe(base64Of('SHA256', Buffer.from('x')))
  })
})

describe('a completion of a full-object upload', () => {
  it.each(combinable)('takes the right %s only, and needs none of the parts', async (algorithm) => {
    const member = `Checksum${algorithm}`
    const begun = await begin(algorithm, 'FULL_OBJECT')
    const name = {
      name: 'BadDigest',
      message: `The ${algorithm.toLowerCase()} you specified did not match the calculated checksum.`,
    }
    const wrong = base64Of(algorithm, Buffer.from('other'))
    await expect(complete(begun, begun.bare, { [member]: wrong })).rejects.toMatchObject(name)
    await expect(complete(begun, begun.parts, { [member]: `${base64Of(algorithm, all)}-2` })).rejects.toMatchObject(
      name,
    )
    for (const other of checksumAlgorithms.filter((one) => one !== algorithm)) {
      const stated = { [`Checksum${other}`]: base64Of(other, all) }
      await expect(complete(begun, begun.bare, stated)).rejects.toMatchObject(name)
    }
    const right = { [member]: base64Of(algorithm, all) }
    expect(await complete(begun, begun.bare, right)).toMatchObject({ ...right, ChecksumType: 'FULL_OBJECT' })
  })

  it('has a part without a checksum computed', async () => {
    const begun = await begin('CRC32', 'FULL_OBJECT')
    const part = { ...begun.target, PartNumber: 2, Body: bodies[1] ?? all }
    expect((await client.send(new UploadPartCommand(part))).ChecksumCRC32).toBe(begun.parts[1]?.ChecksumCRC32)
  })
})

describe('a completion', () => {
  it.each<[ChecksumType | undefined, ChecksumType]>([
    [undefined, 'FULL_OBJECT'],
    [undefined, 'COMPOSITE'],
    ['COMPOSITE', 'FULL_OBJECT'],
    ['FULL_OBJECT', 'COMPOSITE'],
  ])('of an upload of type %s is not of type %s', async (begunAs, ChecksumType) => {
    const begun = await begin(begunAs && 'CRC32', begunAs)
    await expect(complete(begun, begun.bare, { ChecksumType })).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: `The upload was created using the ${begunAs ?? 'null'} checksum mode. The complete request must use the same checksum mode.`,
    })
  })

  it('names no part with a checksum of another algorithm than the upload has', async () => {
    for (const type of ['COMPOSITE', 'FULL_OBJECT'] as const) {
      const begun = await begin('CRC32C', type)
      const Parts = begun.bare.map((part, index) => ({
        ...part,
        ChecksumSHA256: base64Of('SHA256', bodies[index] ?? all),
      }))
      await expect(complete(begun, Parts)).rejects.toMatchObject({
        name: 'BadDigest',
        message: 'The sha256 you specified for part 1 did not match what we received.',
      })
    }
  })

  it('names one checksum of a part, in Base64, and part numbers from 1 on', async () => {
    const begun = await begin('CRC32', 'COMPOSITE')
    const [first = {}, ...rest] = begun.parts
    const invalid = { name: 'InvalidArgument', message: 'Invalid Base64 or multiple checksums present in request' }
    for (const spoilt of [{ ChecksumSHA1: base64Of('SHA1', all) }, { ChecksumCRC32: 'none' }]) {
      await expect(complete(begun, [{ ...first, ...spoilt }, ...rest])).rejects.toMatchObject(invalid)
    }
    for (const PartNumber of [0, -1]) {
      await expect(complete(begun, [{ ...first, PartNumber }, ...rest])).rejects.toMatchObject({
        name: 'InvalidArgument',
        message: 'PartNumber must be >= 1',
      })
    }
  })

  it('of an upload without an algorithm is checked by CRC64NVME, and the checksum of another one passed over', async () => {
    const begun = await begin(undefined, undefined, 'CRC32C')
    const [first = {}, ...rest] = begun.bare
    const wrong = { ...first, ChecksumCRC32C: base64Of('CRC32C', all) }
    await expect(complete(begun, [wrong, ...rest])).rejects.toMatchObject({ name: 'InvalidPart' })
    await expect(complete(begun, begun.bare, { ChecksumCRC64NVME: 'AAAAAAAAAAA=' })).rejects.toMatchObject({
      name: 'BadDigest',
    })
    const done = await complete(begun, begun.bare, { ChecksumCRC32C: `${compositeOf('CRC32C')}-9` })
    expect(done).toMatchObject({ ChecksumCRC64NVME: base64Of('CRC64NVME', all), ChecksumType: 'FULL_OBJECT' })
  })
})

describe('of the parts of an object', () => {
  const ObjectAttributes = ['Checksum' as const, 'ObjectParts' as const]
  const read = (Key: string, more: object) =>
    client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED', ...more }))
  const checksumsOf = (answer: object) => Object.keys(answer).filter((name) => name.startsWith('Checksum'))

  it.each(['CRC32', 'SHA256', 'CRC64NVME', 'XXHASH64'] as const)(
    'no %s is told that the upload did not announce',
    async (sent) => {
      const begun = await begin(undefined, undefined, sent)
      const { Key } = begun.target
      const listed = await client.send(new ListPartsCommand(begun.target))
      expect(listed.Parts?.flatMap(checksumsOf)).toEqual([])
      await complete(begun, begun.bare)
      for (const PartNumber of [1, 2]) {
        expect(checksumsOf(await read(Key, { PartNumber }))).toEqual([])
        const head = await client.send(new HeadObjectCommand({ Bucket, Key, PartNumber, ChecksumMode: 'ENABLED' }))
        expect(checksumsOf(head)).toEqual([])
      }
      const told = await client.send(new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes }))
      expect(told.ObjectParts).toEqual({ TotalPartsCount: 2 })
      expect(told.Checksum).toEqual({ ChecksumCRC64NVME: base64Of('CRC64NVME', all), ChecksumType: 'FULL_OBJECT' })
    },
  )

  it('composite checksums are told, and of the whole the digest without the count', async () => {
    const begun = await begin('SHA256', 'COMPOSITE')
    const { Key } = begun.target
    await complete(begun, begun.parts)
    const told = await client.send(new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes }))
    expect(told.Checksum).toEqual({ ChecksumSHA256: compositeOf('SHA256'), ChecksumType: 'COMPOSITE' })
    expect(told.ObjectParts?.Parts).toEqual(
      bodies.map((body, index) => ({
        PartNumber: index + 1,
        Size: body.length,
        ChecksumSHA256: base64Of('SHA256', body),
      })),
    )
    const part = await read(Key, { PartNumber: 2 })
    expect(part).toMatchObject({ ChecksumSHA256: base64Of('SHA256', bodies[1] ?? all), ChecksumType: 'COMPOSITE' })
  })

  it('full-object checksums are told where one part is read, and otherwise their count alone', async () => {
    const begun = await begin('CRC32', 'FULL_OBJECT')
    const { Key } = begun.target
    await complete(begun, begun.bare)
    const told = await client.send(new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes }))
    expect(told.ObjectParts).toEqual({ TotalPartsCount: 2 })
    expect((await read(Key, { PartNumber: 1 })).ChecksumCRC32).toBe(begun.parts[0]?.ChecksumCRC32)
  })
})

it('a range that covers the whole object has its checksum, and no other range', async () => {
  const Body = 'whole'
  await client.send(
    new PutObjectCommand({ Bucket, Key: 'whole', Body, ChecksumCRC32: base64Of('CRC32', Buffer.from(Body)) }),
  )
  const ranged = async (Range: string) => {
    const asked = { Bucket, Key: 'whole', Range, ChecksumMode: 'ENABLED' } as const
    const [got, head] = [
      await client.send(new GetObjectCommand(asked)),
      await client.send(new HeadObjectCommand(asked)),
    ]
    expect([got.$metadata.httpStatusCode, head.$metadata.httpStatusCode]).toEqual([206, 206])
    expect(head.ChecksumCRC32).toBe(got.ChecksumCRC32)
    return got.ChecksumCRC32
  }
  const own = base64Of('CRC32', Buffer.from(Body))
  for (const range of ['bytes=0-', 'bytes=0-4', 'bytes=0-100', 'bytes=-5', 'bytes=-99'])
    expect(await ranged(range)).toBe(own)
  for (const range of ['bytes=0-3', 'bytes=1-', 'bytes=-4']) expect(await ranged(range)).toBeUndefined()
})
