/** The program inside another process, through the real SDK. */
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startMyFSIO } from '../../src/embed.ts'
import type { Credentials, MyFSIO, MyFSIOOptions } from '../../src/embed-types.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'myfsio-embed-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const openFiles = () =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)]
    } catch {
      return []
    }
  })

const clientOf = ({ endpoint, region, credentials }: MyFSIO, as: Credentials = credentials) =>
  new S3Client({ endpoint, region, credentials: as, forcePathStyle: true, maxAttempts: 1 })

async function bucketsOf(server: MyFSIO): Promise<(string | undefined)[]> {
  const { Buckets = [] } = await clientOf(server).send(new ListBucketsCommand({}))
  return Buckets.map(({ Name }) => Name)
}

describe('startMyFSIO', () => {
  it('serves S3 with the buckets asked for, and leaves nothing behind', async () => {
    const before = await readdir(tmpdir())
    const server = await startMyFSIO({ buckets: ['one', 'two'] })
    expect(await bucketsOf(server)).toEqual(['one', 'two'])
    const client = clientOf(server)
    await client.send(new PutObjectCommand({ Bucket: 'one', Key: 'a/b', Body: 'hello' }))
    const { Body } = await client.send(new GetObjectCommand({ Bucket: 'one', Key: 'a/b' }))
    expect(await Body?.transformToString()).toBe('hello')
    expect(server.consoleUrl).toBeUndefined()
    await server.close()
    await expect(fetch(server.endpoint)).rejects.toThrow()
    const left = (await readdir(tmpdir())).filter((name) => /^myfsio-\w{6}$/.test(name) && !before.includes(name))
    expect(left).toEqual([])
  })

  it('runs several times in one process, each with its own buckets and secrets', async () => {
    const [one, two] = await Promise.all([startMyFSIO({ buckets: ['one'] }), startMyFSIO({ buckets: ['two'] })])
    expect(await bucketsOf(one)).toEqual(['one'])
    expect(await bucketsOf(two)).toEqual(['two'])
    await expect(clientOf(one, two.credentials).send(new ListBucketsCommand({}))).rejects.toThrow(
      'The request signature we calculated does not match',
    )
    await Promise.all([one.close(), two.close()])
  })

  it('leaves no listeners on the process, however often it is started', async () => {
    await (await startMyFSIO()).close()
    const before = process.listenerCount('exit')
    await (await startMyFSIO()).close()
    expect(process.listenerCount('exit')).toBe(before)
  })

  it('lets users do what their policies allow, and nothing without one', async () => {
    const reader = { accessKeyId: 'reader', secretAccessKey: 'a secret of the reader' }
    const none = { accessKeyId: 'none', secretAccessKey: 'a secret of none' }
    const policy = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: ['s3:GetObject', 's3:ListBucket'], Resource: '*' }],
    }
    await using server = await startMyFSIO({ buckets: ['one'], users: [{ ...reader, policy }, none] })
    await clientOf(server).send(new PutObjectCommand({ Bucket: 'one', Key: 'k', Body: 'v' }))
    const get = new GetObjectCommand({ Bucket: 'one', Key: 'k' })
    const { Body } = await clientOf(server, reader).send(get)
    expect(await Body?.transformToString()).toBe('v')
    const put = new PutObjectCommand({ Bucket: 'one', Key: 'k', Body: 'w' })
    await expect(clientOf(server, reader).send(put)).rejects.toMatchObject({ name: 'AccessDenied' })
    await expect(clientOf(server, none).send(get)).rejects.toMatchObject({ name: 'AccessDenied' })
  })

  it('refuses a policy that means nothing', async () => {
    const user = { accessKeyId: 'user', secretAccessKey: 'a secret of the user', policy: { Statement: 'none' } }
    await expect(startMyFSIO({ users: [user] })).rejects.toMatchObject({ code: 'MalformedPolicyDocument' })
  })

  it('says which setting is wrong', async () => {
    await expect(startMyFSIO({ settings: { VERIFY_READS: 'sometimes' } })).rejects.toThrow('VERIFY_READS cannot be')
  })

  it('forgets everything but what it started with on reset', async () => {
    await using server = await startMyFSIO({ buckets: ['one'] })
    const client = clientOf(server)
    await client.send(new PutObjectCommand({ Bucket: 'one', Key: 'k', Body: 'v' }))
    await client.send(new CreateBucketCommand({ Bucket: 'more' }))
    await server.reset()
    expect(await bucketsOf(server)).toEqual(['one'])
    expect((await client.send(new ListObjectsV2Command({ Bucket: 'one' }))).KeyCount).toBe(0)
  })

  it('serves the console, where the administrator signs in', async () => {
    await using server = await startMyFSIO({ console: true })
    const page = await fetch(server.consoleUrl ?? '')
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('Sign in')
  })

  it('loads a folder: its folders as buckets, their files as objects', async () => {
    const seed = join(folder, 'seed')
    await mkdir(join(seed, 'photos', '2026'), { recursive: true })
    await writeFile(join(seed, 'photos', '2026', 'note.json'), '{"a":1}')
    await writeFile(join(seed, 'beside.txt'), 'belongs to no bucket')
    await using server = await startMyFSIO({ seed })
    expect(await bucketsOf(server)).toEqual(['photos'])
    const head = await clientOf(server).send(new HeadObjectCommand({ Bucket: 'photos', Key: '2026/note.json' }))
    expect(head).toMatchObject({ ContentType: 'application/json', ContentLength: 7 })
    await server.reset()
    expect(await bucketsOf(server)).toEqual(['photos'])
  })

  it('seals what it loads, as the settings say', async () => {
    const [seed, root] = [join(folder, 'sealed-seed'), join(folder, 'sealed-data')]
    await mkdir(join(seed, 'photos'), { recursive: true })
    await writeFile(join(seed, 'photos', 'note.txt'), 'a secret note')
    await using server = await startMyFSIO({ seed, root, settings: { DEFAULT_ENCRYPTION: 'AES256' } })
    const note = { Bucket: 'photos', Key: 'note.txt' }
    const got = await clientOf(server).send(new GetObjectCommand(note))
    expect(got).toMatchObject({ ServerSideEncryption: 'AES256', ChecksumType: 'FULL_OBJECT' })
    expect(await got.Body?.transformToString()).toBe('a secret note')
    expect(existsSync(join(root, 'photos', 'note.txt'))).toBe(false)
  })

  it('keeps what is in `root` from one start to the next', async () => {
    const options: MyFSIOOptions = { root: join(folder, 'data'), buckets: ['kept'] }
    const first = await startMyFSIO(options)
    await clientOf(first).send(new PutObjectCommand({ Bucket: 'kept', Key: 'k', Body: 'v' }))
    await expect(first.reset()).rejects.toThrow('in memory')
    await first.close()
    expect(await readFile(join(folder, 'data', 'kept', 'k'), 'utf8')).toBe('v')
    await using second = await startMyFSIO(options)
    const { Body } = await clientOf(second).send(new GetObjectCommand({ Bucket: 'kept', Key: 'k' }))
    expect(await Body?.transformToString()).toBe('v')
  })

  it.runIf(process.platform === 'linux')(
    'says that no folder can be made at `root`, and the process goes on',
    async () => {
      await expect(startMyFSIO({ root: '/proc/data' })).rejects.toThrow('STORAGE_ROOT: /proc/data cannot be written')
    },
  )

  it('says of a damaged index in `root` what is wrong with it, and the process goes on', async () => {
    const root = join(folder, 'damaged')
    const server = await startMyFSIO({ root, buckets: ['one'] })
    await server.close()
    const index = join(root, '.myfsio.sys', 'index', 'data.mdb')
    await truncate(index, (await stat(index)).size / 2)
    await expect(startMyFSIO({ root })).rejects.toThrow(/data\.mdb is damaged: .*\. Restore the folder from a backup/)
  })

  it('leaves no open file of its log, also if it could not start', async () => {
    const file = join(folder, 'log', 'app.log')
    const settings = { LOG_LEVEL: 'info', LOG_DIR: join(folder, 'log') }
    const isOpen = () => openFiles().includes(file)
    const server = await startMyFSIO({ settings })
    expect(isOpen()).toBe(true)
    await fetch(server.endpoint)
    await server.close()
    expect(isOpen()).toBe(false)
    expect(await readFile(file, 'utf8')).toMatch(/\n$/)
    await using other = await startMyFSIO()
    const port = Number(new URL(other.endpoint).port)
    await expect(startMyFSIO({ port, settings })).rejects.toThrow('EADDRINUSE')
    expect(isOpen()).toBe(false)
  })

  it('accepts any region unless one is asked for', async () => {
    await using any = await startMyFSIO()
    const far = new S3Client({ endpoint: any.endpoint, region: 'eu-north-1', credentials: any.credentials })
    await expect(far.send(new ListBucketsCommand({}))).resolves.toMatchObject({ Buckets: [] })
    await using one = await startMyFSIO({ region: 'eu-west-1' })
    expect(one.region).toBe('eu-west-1')
  })
})
