/** Which regions clients may sign for, and where buckets may be. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { IAMClient, ListUsersCommand } from '@aws-sdk/client-iam'
import {
  CreateBucketCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterEach, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi } from '../../input/api.ts'
import { startServer } from '../start-server.ts'

let api: TestApi | undefined
afterEach(async () => {
  await api?.close()
  api = undefined
})

async function start(env: Record<string, string>) {
  api = await startTestApi({ METADATA_ENGINE: 'memory', MYFSIO_BUCKETS: 'home', ...env })
  const credentials = { accessKeyId: 'main', secretAccessKey: 'main-secret' }
  const options = { endpoint: `http://127.0.0.1:${api.port}`, credentials, maxAttempts: 1 }
  return {
    s3: (region: string) => new S3Client({ ...options, region, forcePathStyle: true }),
    iam: (region: string) => new IAMClient({ ...options, region }),
    sts: (region: string) => new STSClient({ ...options, region }),
  }
}

type Clients = Awaited<ReturnType<typeof start>>

const create = (client: S3Client, Bucket: string, LocationConstraint?: string) =>
  client.send(
    new CreateBucketCommand({
      Bucket,
      ...(LocationConstraint && { CreateBucketConfiguration: { LocationConstraint: LocationConstraint as 'EU' } }),
    }),
  )

/** All requests of a client that knows one region. */
async function useAll(clients: Clients, region: string, Bucket: string): Promise<void> {
  const client = clients.s3(region)
  await client.send(new ListBucketsCommand({}))
  await client.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'content' }))
  const url = await getSignedUrl(client, new GetObjectCommand({ Bucket, Key: 'key' }))
  expect(await (await fetch(url)).text()).toBe('content')
  const { url: formUrl, fields } = await createPresignedPost(client, { Bucket, Key: 'form' })
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  form.append('file', new Blob(['x']), 'x')
  expect((await fetch(formUrl, { method: 'POST', body: form })).status).toBe(204)
  const { Account } = await clients.sts(region).send(new GetCallerIdentityCommand({}))
  expect(Account).toMatch(/^\d{12}$/)
  await clients.iam(region).send(new ListUsersCommand({}))
}

const refusal = (name: string, more: object = {}) => expect.objectContaining({ name, ...more })

describe('where no region is named', () => {
  it.each(['us-east-1', 'eu-central-1', 'auto', 'garage'])('a client of %s works in every way', async (region) => {
    await useAll(await start({}), region, 'home')
  })

  it('buckets are made wherever they are asked to be, and used from there', async () => {
    const clients = await start({})
    await create(clients.s3('eu-central-1'), 'abroad', 'eu-central-1')
    const told = await clients.s3('eu-central-1').send(new GetBucketLocationCommand({ Bucket: 'abroad' }))
    expect(told.LocationConstraint).toBe('eu-central-1')
    await useAll(clients, 'eu-central-1', 'abroad')
    await expect(create(clients.s3('us-east-1'), 'nowhere', 'no region')).rejects.toEqual(
      refusal('InvalidLocationConstraint'),
    )
  })
})

describe('where AWS_REGION is named', () => {
  it('it is the only one', async () => {
    const clients = await start({ AWS_REGION: 'eu-central-1' })
    await useAll(clients, 'eu-central-1', 'home')
    const other = clients.s3('eu-west-1')
    await expect(other.send(new ListBucketsCommand({}))).rejects.toEqual(
      refusal('AuthorizationHeaderMalformed', { Region: 'eu-central-1' }),
    )
    await expect(other.send(new ListObjectsV2Command({ Bucket: 'home' }))).rejects.toEqual(
      refusal('AuthorizationHeaderMalformed', { Region: 'eu-central-1' }),
    )
    const url = await getSignedUrl(other, new ListObjectsV2Command({ Bucket: 'home' }))
    expect((await fetch(url)).status).toBe(400)
    await expect(clients.sts('eu-west-1').send(new GetCallerIdentityCommand({}))).rejects.toEqual(
      refusal('SignatureDoesNotMatch'),
    )
    // IAM has only one region, and clients sign for it everywhere.
    await clients.iam('us-east-1').send(new ListUsersCommand({}))
    await clients.sts('us-east-1').send(new GetCallerIdentityCommand({}))
    await expect(create(clients.s3('eu-central-1'), 'elsewhere', 'eu-west-1')).rejects.toEqual(
      refusal('IllegalLocationConstraintException'),
    )
    await expect(clients.s3('eu-central-1').send(new HeadBucketCommand({ Bucket: 'elsewhere' }))).rejects.toEqual(
      expect.objectContaining({ $metadata: expect.objectContaining({ httpStatusCode: 404 }) }),
    )
  })

  it('REGIONS names others', async () => {
    const clients = await start({ AWS_REGION: 'us-east-1', REGIONS: 'eu-west-1, garage' })
    for (const region of ['us-east-1', 'eu-west-1', 'garage']) await useAll(clients, region, 'home')
    await create(clients.s3('eu-west-1'), 'west', 'eu-west-1')
    await create(clients.s3('garage'), 'own', 'garage')
    await useAll(clients, 'garage', 'own')
    await expect(create(clients.s3('us-east-1'), 'elsewhere', 'eu-central-1')).rejects.toEqual(
      refusal('IllegalLocationConstraintException'),
    )
  })

  it('REGIONS=* takes any', async () => {
    const clients = await start({ AWS_REGION: 'eu-central-1', REGIONS: '*' })
    await useAll(clients, 'ap-southeast-2', 'home')
    await create(clients.s3('ap-southeast-2'), 'south', 'ap-southeast-2')
    await useAll(clients, 'eu-central-1', 'south')
  })
})

describe('a bucket', () => {
  it('that was made in EU tells clients to sign for eu-west-1', async () => {
    const clients = await start({ AWS_REGION: 'us-east-1', REGIONS: 'eu-west-1' })
    const client = clients.s3('eu-west-1')
    await create(client, 'europe', 'EU')
    const { LocationConstraint } = await client.send(new GetBucketLocationCommand({ Bucket: 'europe' }))
    expect(LocationConstraint).toBe('EU')
    expect((await client.send(new HeadBucketCommand({ Bucket: 'europe' }))).BucketRegion).toBe('eu-west-1')
    const { Buckets } = await client.send(new ListBucketsCommand({ BucketRegion: 'eu-west-1' }))
    expect(Buckets).toEqual([expect.objectContaining({ Name: 'europe', BucketRegion: 'eu-west-1' })])
    for (const path of ['europe', 'europe/missing']) {
      const { headers } = await fetch(`http://127.0.0.1:${api?.port}/${path}`)
      expect(headers.get('x-amz-bucket-region')).toBe('eu-west-1')
    }
  })

  it('is used with signatures for its own region, whatever regions there are by now', async () => {
    const root = await mkdtemp(join(tmpdir(), 'regions-'))
    const before = await startServer({ root, regions: ['eu-west-1', 'eu-central-1'] })
    await create(before.client(), 'europe', 'EU')
    await create(before.client(), 'central', 'eu-central-1')
    await before.close()
    const server = await startServer({ root })
    try {
      const list = (region: string, Bucket: string) =>
        server.client('main', { region }).send(new ListObjectsV2Command({ Bucket }))
      await list('eu-west-1', 'europe')
      await list('eu-central-1', 'central')
      await list('us-east-1', 'central')
      await expect(list('eu-west-1', 'central')).rejects.toEqual(
        refusal('AuthorizationHeaderMalformed', { Region: 'eu-central-1' }),
      )
      await expect(list('eu-central-1', 'missing')).rejects.toEqual(refusal('AuthorizationHeaderMalformed'))
      await expect(create(server.client(), 'another', 'eu-central-1')).rejects.toEqual(
        refusal('IllegalLocationConstraintException'),
      )
    } finally {
      await server.close()
      await rm(root, { recursive: true, force: true })
    }
  })
})
