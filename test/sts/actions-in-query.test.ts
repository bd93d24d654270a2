/**
 * Actions of IAM and STS in the query of a request without a body: as AWS takes them, and minio-py and minio-java send
 * them.
 */
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accountId, allow, policy, startApp, type TestApp, testDocument } from '../iam/start-app.ts'
import { type SigningOptions, sha256, signHeaders, signQuery } from '../input/signer.ts'
import { exchange, format, type HeaderLines } from '../input/wire.ts'
import { startTestIssuer, type TestIssuer } from './issuer.ts'

let app: TestApp
let issuer: TestIssuer
beforeAll(async () => {
  issuer = await startTestIssuer()
  app = await startApp({ document: documentFor(issuer.url), settings: { OIDC_PRIVATE_ISSUERS: 'on' } })
})
afterAll(async () => {
  await app.close()
  await issuer.close()
})

function documentFor(url: string) {
  const [one] = testDocument.accounts
  const trust = (principal: object, action: string) =>
    JSON.parse(policy({ Effect: 'Allow', Principal: principal, Action: action }))
  const provider = `arn:aws:iam::${accountId}:oidc-provider/${url.replace('http://', '')}`
  const inline = { all: JSON.parse(policy(allow('s3:*'))) }
  return {
    version: 2,
    accounts: [
      {
        ...one,
        oidcProviders: [{ url, clientIds: ['app'] }],
        users: [
          {
            name: 'ada',
            keys: [{ id: 'KEYOFADA000000000001', secret: 'secret-of-ada' }],
            inline: { all: JSON.parse(policy(allow('*'))) },
          },
        ],
        roles: [
          { name: 'worker', trust: trust({ AWS: accountId }, 'sts:AssumeRole'), inline },
          { name: 'web', trust: trust({ Federated: provider }, 'sts:AssumeRoleWithWebIdentity'), inline },
        ],
      },
    ],
  }
}

const ada = { accessKeyId: 'KEYOFADA000000000001', secret: 'secret-of-ada' }
const sts = (action: string, more: Record<string, string> = {}) =>
  `/?${new URLSearchParams({ Action: action, Version: '2011-06-15', ...more })}`
const iam = (action: string, more: Record<string, string> = {}) =>
  `/?${new URLSearchParams({ Action: action, Version: '2010-05-08', ...more })}`
const role = (name: string) => ({ RoleArn: `arn:aws:iam::${accountId}:role/${name}`, RoleSessionName: 'session' })

type Signing = 'headers' | 'query' | 'none'

function send(method: string, target: string, signing: Signing, options: SigningOptions, more: HeaderLines = []) {
  const { hostname, port } = new URL(app.endpoint)
  const length: HeaderLines = method === 'POST' ? [['Content-Length', '0']] : []
  const request = { method, target, headers: [['Host', `${hostname}:${port}`], ...more, ...length] as HeaderLines }
  const sign = { headers: signHeaders, query: signQuery, none: () => request }[signing]
  return exchange(Number(port), format(sign(request, { ...options, payload: sha256('') })))
}

describe('an action in the query', () => {
  it.each([
    ['GET', 'headers'],
    ['POST', 'headers'],
    ['GET', 'query'],
    ['POST', 'query'],
  ] as const)('of a %s that is signed in its %s is carried out', async (method, signing) => {
    const asSts = { ...ada, service: 'sts' }
    const asIam = { ...ada, service: 'iam' }
    const ask = async (target: string, options: SigningOptions) => (await send(method, target, signing, options)).body
    expect(await ask(sts('AssumeRole', role('worker')), asSts)).toContain('<AssumeRoleResult>')
    expect(await ask(sts('GetCallerIdentity'), asSts)).toContain('user/ada</Arn>')
    expect(await ask(sts('GetSessionToken'), asSts)).toContain('<GetSessionTokenResult>')
    expect(await ask(iam('ListUsers'), asIam)).toContain('<UserName>ada</UserName>')
    const UserName = `${method}-${signing}`
    expect(await ask(iam('CreateUser', { UserName }), asIam)).toContain(`<UserName>${UserName}</UserName>`)
    expect(await ask(iam('DeleteUser', { UserName }), asIam)).toContain('<DeleteUserResponse')
  })

  it.each([
    ['GET', []],
    ['POST', []],
    ['POST', [['Content-Type', 'application/octet-stream']]],
    ['POST', [['Content-Type', 'application/x-www-form-urlencoded']]],
  ] as [string, HeaderLines][])(
    'of a %s with headers %j needs no signature where a token is enough',
    async (method, more) => {
      const WebIdentityToken = await issuer.token({ sub: 'anyone', aud: 'app' })
      const target = sts('AssumeRoleWithWebIdentity', { ...role('web'), WebIdentityToken })
      const { status, body } = await send(method, target, 'none', ada, more)
      expect({ status, body }).toMatchObject({ status: 200, body: expect.stringContaining('<AccessKeyId>') })
    },
  )

  it('is refused by IAM and STS in their own words', async () => {
    const unsigned = await send('POST', sts('AssumeRole', role('worker')), 'none', ada)
    expect(unsigned).toMatchObject({ status: 403, code: 'MissingAuthenticationToken' })
    const unknown = await send('POST', sts('AssumeNothing'), 'headers', { ...ada, service: 'sts' })
    expect(unknown).toMatchObject({ status: 400, code: 'InvalidAction' })
    const forS3 = await send('POST', sts('AssumeRole', role('worker')), 'headers', ada)
    expect(forS3).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' })
    const wrong = await send('POST', sts('AssumeRole', role('worker')), 'headers', {
      ...ada,
      secret: 'x',
      service: 'sts',
    })
    expect(wrong).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' })
  })

  it('leaves S3 what is for S3', async () => {
    expect((await send('GET', '/?Action=ListUsers', 'headers', ada)).body).toContain('<ListAllMyBucketsResult')
    expect(await send('POST', '/', 'headers', ada)).toMatchObject({ status: 405, code: 'MethodNotAllowed' })
    const client = app.s3()
    await client.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    expect(await send('POST', '/bucket?Action=AssumeRole', 'none', ada)).not.toMatchObject({ code: 'InvalidAction' })
    client.destroy()
  })
})
