import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  GetUserCommand,
  PutUserPolicyCommand,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam'
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  GetBucketPolicyCommand,
  ListBucketsCommand,
  PutBucketPolicyCommand,
  PutBucketWebsiteCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { noPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { startOwnUpstream, type TestUpstream } from '../support/upstream.ts'
import { visit } from '../website/ask.ts'
import { readable } from '../website/start-site.ts'
import { type Keys, startNode, storeIn, type TestNode } from './two-nodes.ts'

const allow = (action: string) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: action, Resource: '*' }] })

const cookieOf = ({ headers }: { readonly headers: Record<string, string | string[]> }) =>
  [headers['set-cookie'] ?? []]
    .flat()
    .map((one) => one.split(';')[0])
    .join('; ')

const administrator = 'arn:aws:iam::aws:policy/AdministratorAccess'

describe.skipIf(noPostgres !== undefined)(`two nodes over one database ${noPostgres ?? ''}`, () => {
  let postgres: TestPostgres
  let upstream: TestUpstream
  let a: TestNode
  let b: TestNode
  let store: Readonly<Record<string, string>>

  beforeAll(async () => {
    postgres = await startPostgres()
    upstream = await startOwnUpstream()
    store = storeIn(postgres, upstream)
    const env = { AUTH_MAX_ATTEMPTS: '5' }
    a = await startNode(store, { env })
    b = await startNode(store, { env, isPrimary: false })
  }, 60_000)
  afterAll(async () => {
    await Promise.all([a?.close(), b?.close()])
    await upstream?.close()
    await postgres?.close()
  })

  async function newUser(on: TestNode, name: string, policy = allow('s3:*')): Promise<Keys> {
    await on.iam().send(new CreateUserCommand({ UserName: name }))
    await on.iam().send(new PutUserPolicyCommand({ UserName: name, PolicyName: 'own', PolicyDocument: policy }))
    const { AccessKey } = await on.iam().send(new CreateAccessKeyCommand({ UserName: name }))
    return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' }
  }

  it('accept a new user of the other at once', async () => {
    const keys = await newUser(a, 'ann')
    await expect(b.s3(keys).send(new ListBucketsCommand())).resolves.toBeDefined()
  })

  it('refuse a user within a second after a change on the other', async () => {
    const keys = await newUser(a, 'ben')
    await b.s3(keys).send(new ListBucketsCommand())
    await a.iam().send(new DeleteUserPolicyCommand({ UserName: 'ben', PolicyName: 'own' }))
    const refusal = expect.objectContaining({ name: 'AccessDenied' })
    await vi.waitFor(() => expect(b.s3(keys).send(new ListBucketsCommand())).rejects.toEqual(refusal))
    const { accessKeyId: AccessKeyId } = keys
    await b.iam().send(new UpdateAccessKeyCommand({ UserName: 'ben', AccessKeyId, Status: 'Inactive' }))
    const unknown = expect.objectContaining({ name: 'InvalidAccessKeyId' })
    await vi.waitFor(() => expect(a.s3(keys).send(new ListBucketsCommand())).rejects.toEqual(unknown))
  })

  it('keep all changes that both make at the same time', async () => {
    const names = Array.from({ length: 12 }, (_, at) => `many-${at}`)
    await Promise.all(names.map((name, at) => newUser(at % 2 === 0 ? a : b, name)))
    await vi.waitFor(() => {
      for (const node of [a, b]) {
        const users = [...node.opened.identities.directory.accounts].flatMap((account) =>
          account.users.map((user) => user.name),
        )
        expect(users).toEqual(expect.arrayContaining(names))
      }
    })
  })

  it('share the policies of buckets', async () => {
    await a.s3().send(new CreateBucketCommand({ Bucket: 'shared' }))
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::shared/*' }],
    })
    await a.s3().send(new PutBucketPolicyCommand({ Bucket: 'shared', Policy }))
    const read = await b.s3().send(new GetBucketPolicyCommand({ Bucket: 'shared' }))
    expect(JSON.parse(read.Policy ?? '')).toEqual(JSON.parse(Policy))
    await a.s3().send(new PutObjectCommand({ Bucket: 'shared', Key: 'open', Body: 'for all' }))
    const visit = await fetch(`${b.api}/shared/open`)
    expect([visit.status, await visit.text()]).toEqual([200, 'for all'])
  })

  it('serve websites by the policy that the other has just changed', async () => {
    const Bucket = 'site'
    const s3 = a.s3()
    await s3.send(new CreateBucketCommand({ Bucket }))
    const WebsiteConfiguration = { IndexDocument: { Suffix: 'index.html' } }
    await s3.send(new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration }))
    await s3.send(new PutObjectCommand({ Bucket, Key: 'index.html', Body: 'Home' }))
    const port = Number(new URL(b.api).port)
    const statusOnB = async () => (await visit(port, `${Bucket}.s3-website.localhost:${port}`, '/')).status
    const statuses: number[] = []
    for (let at = 0; at < 5; at++) {
      await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: readable(Bucket) }))
      statuses.push(await statusOnB())
      await s3.send(new DeleteBucketPolicyCommand({ Bucket }))
      statuses.push(await statusOnB())
    }
    expect(statuses).toEqual(Array.from({ length: 5 }, () => [200, 403]).flat())
  })

  it('read what the other has just changed in IAM', async () => {
    for (let at = 0; at < 5; at++) {
      const [one, other] = at % 2 === 0 ? [a, b] : [b, a]
      const UserName = `at-once-${at}`
      await one.iam().send(new CreateUserCommand({ UserName }))
      expect((await other.iam().send(new GetUserCommand({ UserName }))).User?.UserName).toBe(UserName)
      await other.iam().send(new DeleteUserCommand({ UserName }))
      await expect(one.iam().send(new GetUserCommand({ UserName }))).rejects.toThrow()
    }
  })

  it('do not encrypt with a root key that only one of them has', async () => {
    const put = a
      .s3()
      .send(new PutObjectCommand({ Bucket: 'shared', Key: 'sealed', Body: 'x', ServerSideEncryption: 'AES256' }))
    await expect(put).rejects.toMatchObject({ name: 'KMS.KeyUnavailableException' })
    expect(a.opened.keys.problem).toBeUndefined()
  })

  it('share sessions of the console, also those of a new user', async () => {
    const keys = await newUser(a, 'carla')
    await a
      .iam()
      .send(
        new AttachUserPolicyCommand({ UserName: 'carla', PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' }),
      )
    const visitor = a.visitor()
    const signedIn = await visitor.signIn(keys.accessKeyId, keys.secretAccessKey)
    expect(signedIn.status).toBe(303)
    const cookie = cookieOf(signedIn)
    const answer = await fetch(`${b.console}/ui/buckets`, { headers: { cookie }, redirect: 'manual' })
    expect(answer.status).toBe(200)
    expect(await answer.text()).toContain('carla')
  })

  it('count failed sign-ins together', async () => {
    for (let at = 0; at < 3; at++) await a.visitor().signIn('localadmin', `wrong-${at}`)
    for (let at = 0; at < 2; at++) await b.visitor().signIn('localadmin', `wrong-${at}`)
    for (const node of [a, b]) {
      const visitor = node.visitor()
      await visitor.get('/ui/sign-in')
      const { text } = await visitor.post('/ui/sign-in', { name: 'localadmin', secret: 'localadmin' })
      expect(text).toContain('Access temporarily locked')
    }
  })

  it('count wrong secrets in requests together, and refuse the right one then', async () => {
    const { accessKeyId, secretAccessKey } = await newUser(a, 'guessed', allow('*'))
    const wrong = { accessKeyId, secretAccessKey: 'a guess' }
    expect((await b.get('/_/nodes', { accessKeyId, secretAccessKey })).status).toBe(200)
    for (const node of [a, b, a, b, a]) {
      expect((await node.get('/_/nodes', wrong)).json).toContain('Invalid credentials')
    }
    for (const node of [a, b]) {
      const { status, json } = await node.get('/_/nodes', { accessKeyId, secretAccessKey })
      expect({ status, json }).toMatchObject({ status: 403, json: expect.stringContaining('temporarily locked') })
    }
  })

  it('show requests and refusals of the other', async () => {
    const keys = await newUser(a, 'dora', allow('s3:ListAllMyBuckets'))
    await expect(a.s3(keys).send(new CreateBucketCommand({ Bucket: 'not-allowed' }))).rejects.toThrow()
    await vi.waitFor(async () => {
      const { json } = await b.get('/_/decisions?user=dora')
      expect(json).toMatchObject({ decisions: [{ request: { action: 's3:CreateBucket', bucket: 'not-allowed' } }] })
    })
  })

  it('list each other, with version, start, heartbeat and addresses', async () => {
    const { json } = await b.get('/_/nodes')
    const node = { state: 'running', version: '9.9.9', secondsSinceHeartbeat: expect.any(Number) }
    expect(json).toMatchObject({
      nodes: [
        { ...node, isThis: false },
        { ...node, isThis: true },
      ],
    })
    const keys = await newUser(a, 'emil', allow('s3:ListJobs'))
    expect((await b.get('/_/nodes', keys)).status).toBe(200)
    const other = await newUser(a, 'fred', allow('s3:GetObject'))
    expect((await b.get('/_/nodes', other)).status).toBe(403)
  })

  it('show a new key once, no matter which of them answers', async () => {
    await a.iam().send(new CreateUserCommand({ UserName: 'gina' }))
    const visitor = a.visitor()
    const keys = await newUser(a, 'admin-too')
    await a.iam().send(new AttachUserPolicyCommand({ UserName: 'admin-too', PolicyArn: administrator }))
    const signedIn = await visitor.signIn(keys.accessKeyId, keys.secretAccessKey)
    const made = await visitor.post('/ui/iam/users/gina/keys')
    expect(made.status).toBe(303)
    const page = () =>
      fetch(new URL(String(made.headers.location), b.console), { headers: { cookie: cookieOf(signedIn) } })
    expect(await (await page()).text()).toMatch(/data-secret>[\w+/]{40}</)
    expect(await (await page()).text()).toMatch(/was shown|cannot be shown/)
  })

  it('forget a node that has stopped normally', async () => {
    const c = await startNode(store, { isPrimary: false })
    await vi.waitFor(async () => expect(((await b.get('/_/nodes')).json as { nodes: unknown[] }).nodes).toHaveLength(3))
    await c.close()
    expect(((await b.get('/_/nodes')).json as { nodes: unknown[] }).nodes).toHaveLength(2)
  })

  it('refuse requests while the database is down, and recover without a restart', { timeout: 60_000 }, async () => {
    if (postgres.server === undefined) return
    await b.s3().send(new ListBucketsCommand())
    await postgres.server.stop('fast')
    const list = () => b.s3().send(new ListBucketsCommand())
    await expect(list()).rejects.toMatchObject({ $metadata: { httpStatusCode: 503 } })
    expect((await fetch(`${b.api}/healthz`)).status).toBe(200)
    await postgres.server.start()
    await vi.waitFor(list, { timeout: 20_000 })
    await newUser(a, 'henry')
  })
})
