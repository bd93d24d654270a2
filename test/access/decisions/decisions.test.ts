import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketAclCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  type S3ServiceException,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DecisionRecord } from '#access/records/decision-journal.ts'
import type { Explanation } from '#policy/evaluate/explain.ts'
import { startTestApi, type TestApi } from '../start-api.ts'

const Bucket = 'papers'
const other = '111111111111'

async function failureOf(promise: Promise<unknown>): Promise<S3ServiceException> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error === undefined) throw new Error('it did not fail')
  return error as S3ServiceException
}

/** Errors are XML. */
async function readJson(answer: Response): Promise<unknown> {
  return answer.status === 200 ? await answer.json() : {}
}

/** The id that a refusal carries. */
const idOf = (error: S3ServiceException): string => error.$response?.headers['x-myfsio-decision-id'] ?? ''

describe('why a request was denied', () => {
  let api: TestApi

  beforeAll(async () => {
    api = await startTestApi(
      [
        { access_key: 'admin', policies: [{ bucket: '*', actions: ['*'] }] },
        { access_key: 'reader', policies: [{ bucket: '*', actions: ['list', 'read'] }] },
        { access_key: 'stranger', account: other, policies: [{ bucket: '*', actions: ['*'] }] },
      ],
      { AWS_REGION: 'us-east-1' },
    )
    const admin = api.client('admin')
    await admin.send(new CreateBucketCommand({ Bucket }))
    await admin.send(new PutObjectCommand({ Bucket, Key: 'open/a', Body: 'a' }))
    const Statement = [
      {
        Sid: 'Public',
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:GetObject',
        Resource: `arn:aws:s3:::${Bucket}/open/*`,
      },
      {
        Sid: 'NotTheseTools',
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:DeleteObject',
        Resource: `arn:aws:s3:::${Bucket}/*`,
        Condition: { StringLike: { 'aws:UserAgent': 'aws-sdk-js/*' } },
      },
    ]
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await admin.send(new PutBucketPolicyCommand({ Bucket, Policy }))
  })
  afterAll(() => api.close())

  const decisionOf = async (accessKey: string, id: string) => {
    const answer = await api.ask(accessKey, 'GET', `/_/decisions/${id}`)
    return { status: answer.status, body: (await readJson(answer)) as DecisionRecord }
  }

  it('is said in the words of AWS, and in full to the administrators', async () => {
    const error = await failureOf(api.client('reader').send(new PutObjectCommand({ Bucket, Key: 'x', Body: 'x' })))
    expect(error).toMatchObject({
      name: 'AccessDenied',
      message: `User: arn:aws:iam::000000000000:user/reader is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::${Bucket}/x" because no identity-based policy allows the s3:PutObject action`,
    })
    const { status, body } = await decisionOf('admin', idOf(error))
    expect(status).toBe(200)
    expect(body).toMatchObject({
      outcome: 'Deny',
      code: 'AccessDenied',
      requester: { type: 'user', accessKeyId: 'reader' },
      sourceAddress: '127.0.0.1',
      request: { action: 's3:PutObject', bucket: Bucket },
      decision: { reason: 'implicit-deny', policyType: 'identity-based' },
    })
    const [own, bucket] = body.policies ?? []
    expect(own).toMatchObject({
      policyType: 'identity-based',
      statements: [{ applies: false, failed: { element: 'Action' } }],
    })
    expect(bucket?.statements[0]).toMatchObject({
      statement: 'Public',
      failed: { element: 'Action', seen: ['s3:PutObject'] },
    })
  })

  it('names an explicit deny, and the condition that made it', async () => {
    const error = await failureOf(api.client('admin').send(new DeleteObjectCommand({ Bucket, Key: 'open/a' })))
    expect(error.message).toMatch(/with an explicit deny in a resource-based policy$/)
    const { body } = await decisionOf('admin', idOf(error))
    expect(body.decision).toMatchObject({
      reason: 'explicit-deny',
      policy: `arn:aws:s3:::${Bucket}`,
      sid: 'NotTheseTools',
    })
  })

  it('tells strangers nothing, and lets each account see its own side only', async () => {
    const error = await failureOf(api.client('stranger').send(new GetObjectCommand({ Bucket, Key: 'secret' })))
    expect(error.message).toBe('Access Denied')
    const mine = await decisionOf('stranger', idOf(error))
    expect(mine.body.policies?.map(({ policyType }) => policyType)).toEqual(['identity-based'])
    const theirs = await decisionOf('admin', idOf(error))
    expect(theirs.body.policies?.map(({ policyType }) => policyType)).toEqual(['resource-based'])
    const within = await failureOf(api.client('reader').send(new PutObjectCommand({ Bucket, Key: 'y', Body: 'y' })))
    expect((await decisionOf('stranger', idOf(within))).status).toBe(404)
    expect((await decisionOf('stranger', '0'.repeat(16))).status).toBe(404)
    const anonymous = await fetch(`${api.endpoint}/${Bucket}/secret`, { headers: { connection: 'close' } })
    expect(await anonymous.text()).toContain('<Message>Access Denied</Message>')
    const unknown = await decisionOf('admin', anonymous.headers.get('x-myfsio-decision-id') ?? '')
    expect(unknown).toMatchObject({ status: 200, body: { sourceAddress: '127.0.0.1' } })
  })

  it('is said of public access that is blocked, in the words of AWS', async () => {
    const admin = api.client('admin')
    const closed = 'closed'
    await admin.send(new CreateBucketCommand({ Bucket: closed, ObjectOwnership: 'ObjectWriter' }))
    const blocks = { BlockPublicPolicy: true, BlockPublicAcls: true }
    await admin.send(new PutPublicAccessBlockCommand({ Bucket: closed, PublicAccessBlockConfiguration: blocks }))
    const Statement = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${closed}/*` }
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    const policy = await failureOf(admin.send(new PutBucketPolicyCommand({ Bucket: closed, Policy })))
    expect(policy.message).toBe(
      `User: arn:aws:iam::000000000000:user/admin is not authorized to perform: s3:PutBucketPolicy on resource: "arn:aws:s3:::${closed}" because public policies are blocked by the BlockPublicPolicy block public access setting.`,
    )
    expect((await decisionOf('admin', idOf(policy))).body).toMatchObject({ message: policy.message, outcome: 'Deny' })
    const acl = await failureOf(admin.send(new PutBucketAclCommand({ Bucket: closed, ACL: 'public-read' })))
    expect(acl.message).toMatch(/because public ACLs are blocked by the BlockPublicAcls block public access setting\.$/)
  })

  it('is kept also where no policy refused, with what was wrong', async () => {
    const asked = new ListObjectsV2Command({ Bucket, ExpectedBucketOwner: other })
    const error = await failureOf(api.client('admin').send(asked))
    expect(error.message).toBe('Access Denied')
    expect((await decisionOf('admin', idOf(error))).body).toMatchObject({
      hint: `${Bucket} belongs to another account than x-amz-expected-bucket-owner says.`,
      request: { action: 's3:ListBucket', bucket: Bucket },
    })
  })

  it('is for those only whose policies let them ask', async () => {
    for (const path of ['/_/decisions', `/_/decisions/${'0'.repeat(16)}`, '/_/used-actions?key=reader']) {
      const anonymous = await fetch(api.endpoint + path)
      expect([path, anonymous.status]).toEqual([path, 403])
    }
    expect((await api.ask('reader', 'GET', '/_/decisions')).status).toBe(403)
    expect((await api.ask('reader', 'POST', '/_/explain', {})).status).toBe(403)
    expect((await api.ask('admin', 'GET', '/_/nothing')).status).toBe(400)
  })

  it('can be listed by user, bucket and outcome', async () => {
    await failureOf(api.client('reader').send(new PutObjectCommand({ Bucket, Key: 'z', Body: 'z' })))
    const list = async (query: string) => {
      const answer = await api.ask('admin', 'GET', `/_/decisions?${query}`)
      const { decisions } = (await readJson(answer)) as { decisions: DecisionRecord[] }
      return answer.status === 200 ? decisions : answer.status
    }
    const [latest] = (await list(`user=reader&bucket=${Bucket}&outcome=Deny&limit=1`)) as DecisionRecord[]
    expect(latest?.request).toMatchObject({ action: 's3:PutObject', resource: `arn:aws:s3:::${Bucket}/z` })
    expect(latest).not.toHaveProperty('policies')
    expect(await list('bucket=elsewhere')).toEqual([])
    expect(await list('outcome=Maybe')).toBe(400)
    expect(await list('limit=0')).toBe(400)
  })

  it('answers hypothetical questions with the same engine', async () => {
    const explain = async (body: unknown) => {
      const answer = await api.ask('admin', 'POST', '/_/explain', body)
      return { status: answer.status, body: (await readJson(answer)) as Explanation }
    }
    const resource = `arn:aws:s3:::${Bucket}/open/a`
    const context = { 'aws:UserAgent': 'aws-sdk-js/3' }
    const asked = { user: 'admin', action: 's3:DeleteObject', resource }
    expect((await explain({ ...asked, context })).body.decision).toMatchObject({
      outcome: 'Deny',
      sid: 'NotTheseTools',
    })
    expect((await explain(asked)).body.decision).toMatchObject({ outcome: 'Allow' })
    expect((await explain({ user: 'anonymous', action: 's3:GetObject', resource })).body.decision.outcome).toBe('Allow')
    expect((await explain({ user: 'stranger', action: 's3:GetObject', resource })).status).toBe(400)
    expect((await explain({ action: 'GetObject', resource })).status).toBe(400)
    expect((await explain({ action: 's3:GetObject', resource, contexts: {} })).status).toBe(400)
  })

  it('says what a key really used, and the smallest policy for it', async () => {
    const reader = api.client('reader')
    await reader.send(new GetObjectCommand({ Bucket, Key: 'open/a' }))
    await reader.send(new HeadObjectCommand({ Bucket, Key: 'open/a' }))
    await reader.send(new ListObjectsV2Command({ Bucket }))
    const answer = await api.ask('admin', 'GET', '/_/used-actions?key=reader')
    const { uses, policy } = (await answer.json()) as { uses: unknown[]; policy: unknown }
    expect(uses).toContainEqual({ action: 's3:GetObject', resource: `arn:aws:s3:::${Bucket}/open/*`, count: 2 })
    expect(policy).toEqual({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: ['s3:GetObject'], Resource: [`arn:aws:s3:::${Bucket}/open/*`] },
        { Effect: 'Allow', Action: ['s3:ListBucket'], Resource: [`arn:aws:s3:::${Bucket}`] },
      ],
    })
    const early = await api.ask('admin', 'GET', '/_/used-actions?key=reader&since=2020-01-01')
    expect(early.status).toBe(200)
    for (const query of ['', 'key=nobody', 'key=stranger', 'key=reader&since=soon']) {
      expect([query, (await api.ask('admin', 'GET', `/_/used-actions?${query}`)).status]).toEqual([query, 400])
    }
  })

  describe('when a signature is wrong', () => {
    const hintFor = async (error: S3ServiceException) => (await decisionOf('admin', idOf(error))).body.hint

    it('says that the host was changed on the way', async () => {
      const client = api.client('reader')
      const { host } = new URL(api.endpoint)
      const withHost = (value: string, step: 'build' | 'finalizeRequest') =>
        client.middlewareStack.add(
          (next) => (args) => {
            const request = args.request as { headers: Record<string, string> }
            request.headers.host = value
            return next(args)
          },
          { step, priority: 'low' } as { step: 'build' },
        )
      withHost('minio:9000', 'build')
      withHost(host, 'finalizeRequest')
      const error = await failureOf(client.send(new ListObjectsV2Command({ Bucket })))
      expect(error.name).toBe('SignatureDoesNotMatch')
      expect(await hintFor(error)).toMatch(/^The host signed is "minio:9000", the host received "127\.0\.0\.1:\d+"/)
    })

    it('says that the secret is wrong', async () => {
      const wrong = { credentials: { accessKeyId: 'reader', secretAccessKey: 'wrong' } }
      const error = await failureOf(api.client('reader', wrong).send(new ListObjectsV2Command({ Bucket })))
      expect(await hintFor(error)).toMatch(/^The secret is most likely not the one/)
      const padded = { credentials: { accessKeyId: 'reader', secretAccessKey: 'reader-secret\n' } }
      const spaced = await failureOf(api.client('reader', padded).send(new ListObjectsV2Command({ Bucket })))
      expect(await hintFor(spaced)).toBe('The secret that the client uses has white space around it.')
    })

    it('says by how much the clock is off', async () => {
      const late = { systemClockOffset: -30 * 60_000 }
      const error = await failureOf(api.client('reader', late).send(new ListObjectsV2Command({ Bucket })))
      expect(error.name).toBe('RequestTimeTooSkewed')
      expect(await hintFor(error)).toBe("The client's clock is 30 minutes slow, by this server's.")
    })

    it('says that the region is another', async () => {
      const error = await failureOf(
        api.client('reader', { region: 'eu-west-1' }).send(new ListObjectsV2Command({ Bucket })),
      )
      expect(await hintFor(error)).toMatch(/^The client signs for another region: set its region to "us-east-1"/)
    })
  })
})

describe('ENFORCE=log', () => {
  it('lets in whoever signed, records what it would have denied, and keeps strangers out', async () => {
    const api = await startTestApi(
      [
        { access_key: 'admin', policies: [{ bucket: '*', actions: ['*'] }] },
        { access_key: 'reader', policies: [] },
      ],
      { ENFORCE: 'log' },
    )
    try {
      await api.client('reader').send(new CreateBucketCommand({ Bucket }))
      const listed = (await (await api.ask('admin', 'GET', '/_/decisions?user=reader&outcome=Allow')).json()) as {
        decisions: unknown[]
      }
      expect(listed.decisions[0]).toMatchObject({
        outcome: 'Allow',
        request: { action: 's3:CreateBucket' },
        decision: { outcome: 'Deny', reason: 'implicit-deny' },
      })
      expect((await fetch(`${api.endpoint}/${Bucket}`)).status).toBe(403)
    } finally {
      await api.close()
    }
  })
})
