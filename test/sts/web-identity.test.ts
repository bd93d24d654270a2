/**
 * AssumeRoleWithWebIdentity: valid tokens of an issuer on this machine, and invalid ones that other servers accepted.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ListBucketsCommand } from '@aws-sdk/client-s3'
import * as aws from '@aws-sdk/client-sts'
import { base64url, type CryptoKey, exportSPKI, importJWK, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accountId, allow, type Keys, policy, startApp, type TestApp, testDocument } from '../iam/start-app.ts'
import { startTestIssuer, type TestIssuer } from './issuer.ts'

let app: TestApp
let issuer: TestIssuer
let issuerName: string
beforeAll(async () => {
  issuer = await startTestIssuer()
  issuerName = issuer.url.replace('http://', '')
  app = await startApp({ document: documentFor(), settings: { OIDC_PRIVATE_ISSUERS: 'on' } })
})
afterAll(async () => {
  await app.close()
  await issuer.close()
})

const text = (...statements: object[]) => JSON.parse(policy(...statements))

function documentFor(provider: object = {}) {
  const arn = `arn:aws:iam::${accountId}:oidc-provider/${issuerName}`
  const trusted = (condition: object, actions = ['sts:AssumeRoleWithWebIdentity']) =>
    text({ Effect: 'Allow', Principal: { Federated: arn }, Action: actions, Condition: condition })
  const list = text(allow('s3:ListAllMyBuckets'))
  const [one] = testDocument.accounts
  return {
    version: 2,
    accounts: [
      {
        ...one,
        oidcProviders: [{ url: issuer.url, clientIds: ['the-app'], ...provider }],
        roles: [
          {
            name: 'alice',
            trust: trusted({ StringEquals: { [`${issuerName}:sub`]: 'alice', [`${issuerName}:aud`]: 'the-app' } }),
            inline: { list },
          },
          {
            name: 'team',
            trust: trusted({ StringEquals: { 'aws:RequestTag/team': 'a' } }, [
              'sts:AssumeRoleWithWebIdentity',
              'sts:TagSession',
            ]),
            inline: {
              list: text({
                ...allow('s3:ListAllMyBuckets'),
                Condition: { StringEquals: { 'aws:PrincipalTag/team': 'a' } },
              }),
            },
          },
          { name: 'untaggable', trust: trusted({}), inline: { list } },
        ],
      },
    ],
  }
}

const failure = (name: string, message?: RegExp) =>
  expect.objectContaining({
    name: expect.stringMatching(new RegExp(`^${name}(Exception)?$`)),
    ...(message && { message: expect.stringMatching(message) }),
  })

/** Without credentials: the token is enough. */
const assume = (WebIdentityToken: string, name = 'alice', at = app) =>
  new aws.STSClient({
    endpoint: at.endpoint,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
  }).send(
    new aws.AssumeRoleWithWebIdentityCommand({
      RoleArn: `arn:aws:iam::${accountId}:role/${name}`,
      RoleSessionName: 'web',
      WebIdentityToken,
    }),
  )
const keysIn = ({ Credentials }: aws.AssumeRoleWithWebIdentityCommandOutput): Keys => ({
  accessKeyId: Credentials?.AccessKeyId ?? '',
  secretAccessKey: Credentials?.SecretAccessKey ?? '',
  sessionToken: Credentials?.SessionToken ?? '',
})
const list = (keys: Keys) => app.s3(keys).send(new ListBucketsCommand({}))

describe('a token of a registered issuer', () => {
  it('opens the role that trusts it', async () => {
    const answer = await assume(await issuer.token())
    expect(answer).toMatchObject({
      SubjectFromWebIdentityToken: 'alice',
      Audience: 'the-app',
      Provider: issuerName,
      AssumedRoleUser: { Arn: `arn:aws:sts::${accountId}:assumed-role/alice/web` },
    })
    await list(keysIn(answer))
    await expect(assume(await issuer.token({ sub: 'bob' }))).rejects.toThrow(
      failure('AccessDenied', /Not authorized to perform sts:AssumeRoleWithWebIdentity/),
    )
  })

  it('is for its authorized party, where it names one', async () => {
    const answer = await assume(await issuer.token({ azp: 'the-app', aud: 'another-app' }))
    expect(answer.Audience).toBe('the-app')
  })

  it('brings tags, where the role lets them in', async () => {
    const tags = { 'https://aws.amazon.com/tags': { principal_tags: { team: ['a'] }, transitive_tag_keys: ['team'] } }
    await list(keysIn(await assume(await issuer.token(tags), 'team')))
    await expect(assume(await issuer.token(tags), 'untaggable')).rejects.toThrow(failure('AccessDenied'))
    await assume(await issuer.token(), 'untaggable')
  })

  it('may be signed with a key that is new, but made-up key ids do not make us ask again and again', async () => {
    await assume(await issuer.token())
    const before = issuer.fetches()
    for (let at = 0; at < 3; at++) {
      await expect(assume(await issuer.token({}, { kid: `made-up-${at}` }))).rejects.toThrow(
        failure('InvalidIdentityToken'),
      )
    }
    expect(issuer.fetches()).toBe(before)
  })

  it('ends with its provider', async () => {
    const { DeleteOpenIDConnectProviderCommand, CreateOpenIDConnectProviderCommand } = await import(
      '@aws-sdk/client-iam'
    )
    const keys = keysIn(await assume(await issuer.token()))
    const OpenIDConnectProviderArn = `arn:aws:iam::${accountId}:oidc-provider/${issuerName}`
    await app.iam().send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }))
    await expect(list(keys)).rejects.toThrow(failure('InvalidToken'))
    await expect(assume(await issuer.token())).rejects.toThrow(
      failure('InvalidIdentityToken', /No OpenIDConnect provider found/),
    )
    await app.iam().send(new CreateOpenIDConnectProviderCommand({ Url: issuer.url, ClientIDList: ['the-app'] }))
  })
})

describe('what is refused', () => {
  const refused = (code: string, message?: RegExp) => ({ code, message })
  const forged = async (alg: string, key: Uint8Array) =>
    new SignJWT({ sub: 'alice', aud: 'the-app' })
      .setProtectedHeader({ alg, kid: 'key-0' })
      .setIssuer(issuer.url)
      .setExpirationTime('1h')
      .sign(key)

  it.each([
    ['what is no token', async () => 'abcdef', refused('InvalidIdentityToken')],
    [
      'a token of another issuer',
      () => issuer.token({}, { issuer: 'https://other.example' }),
      refused('InvalidIdentityToken', /No OpenIDConnect provider/),
    ],
    [
      'a token for another audience',
      () => issuer.token({ aud: 'another-app' }),
      refused('InvalidIdentityToken', /audience/),
    ],
    [
      'an expired token',
      () => issuer.token({}, { expires: Math.floor(Date.now() / 1000) - 3600 }),
      refused('ExpiredToken'),
    ],
    [
      'CVE-2026-33322: a token signed with the public key as a secret',
      async () => {
        const key = (await importJWK(issuer.publicKey, 'ES256', { extractable: true })) as CryptoKey
        return forged('HS256', new TextEncoder().encode(await exportSPKI(key)))
      },
      refused('InvalidIdentityToken'),
    ],
    [
      'CVE-2026-33322: a token with no algorithm',
      async () =>
        new UnsecuredJWT({ sub: 'alice', aud: 'the-app' }).setIssuer(issuer.url).setExpirationTime('1h').encode(),
      refused('InvalidIdentityToken'),
    ],
    [
      'GHSA-ccrv-v8v9-ch9q: a token that never expires',
      () => issuer.token({}, { expires: null }),
      refused('InvalidIdentityToken'),
    ],
    [
      'a token whose claims were changed',
      async () => {
        const [head, , signature] = (await issuer.token()).split('.')
        return `${head}.${base64url.encode(JSON.stringify({ sub: 'alice', aud: 'the-app', iss: issuer.url, exp: 4_000_000_000 }))}.${signature}`
      },
      refused('InvalidIdentityToken'),
    ],
    [
      'tags that are no texts',
      () => issuer.token({ 'https://aws.amazon.com/tags': { principal_tags: { team: [{}] } } }),
      refused('InvalidIdentityToken'),
    ],
  ] as [string, () => Promise<string>, ReturnType<typeof refused>][])('%s', async (_, token, { code, message }) => {
    await expect(assume(await token())).rejects.toThrow(failure(code, message))
  })

  it.each([
    ['of another client', { azp: 'another-app' }],
    ['of another client, whatever else it is for', { azp: 'another-app', aud: ['the-app', 'another-app'] }],
    ['that names no client', { azp: '' }],
    ['that is no text', { azp: ['the-app'] }],
  ])('a token with an authorized party %s', async (_title, claims) => {
    await expect(assume(await issuer.token(claims))).rejects.toThrow(failure('InvalidIdentityToken'))
  })

  const odd: readonly unknown[] = [['https://a.example'], {}, { length: 1 }, 1, 0, true, false, null, '']
  it.each(odd.flatMap((value) => ['iss', 'sub', 'aud', 'exp', 'nbf'].map((claim) => [claim, value] as const)))(
    'a token whose %s is %j, by an answer that says so',
    async (claim, value) => {
      const claims = { iss: issuer.url, sub: 'alice', aud: 'the-app', exp: 4_102_444_800, [claim]: value }
      const payload = base64url.encode(JSON.stringify(claims))
      const signed = await issuer.token()
      const [header, , signature] = signed.split('.')
      await expect(assume(`${header}.${payload}.${signature}`)).rejects.toThrow(failure('InvalidIdentityToken'))
    },
  )

  const tagsClaim = 'https://aws.amazon.com/tags'
  it.each(['sub', 'aud', 'nbf', 'azp', tagsClaim, 'https://aws.amazon.com/source_identity'])(
    'a signed token whose %s is odd',
    async (claim) => {
      for (const value of [[], {}, 1e12, true, null, '', [{}]]) {
        // No tags at all are as good as none.
        if (claim === tagsClaim && JSON.stringify(value) === '{}') continue
        await expect(assume(await issuer.token({ [claim]: value }))).rejects.toThrow(failure('InvalidIdentityToken'))
      }
    },
  )

  it.each(['kid', 'alg', 'crit', 'b64', 'jwk', 'typ'])('a token whose header has an odd %s', async (name) => {
    const [, payload, signature] = (await issuer.token()).split('.')
    for (const value of [[], {}, 1, true, null, ['b64'], ['ES256']]) {
      const header = base64url.encode(JSON.stringify({ alg: 'ES256', kid: 'key-0', [name]: value }))
      const answer = assume(`${header}.${payload}.${signature}`)
      await expect(answer).rejects.toThrow(failure('InvalidIdentityToken'))
    }
  })

  it('a role that is not there, in the same words as an issuer that is not', async () => {
    await expect(assume(await issuer.token(), 'nothing')).rejects.toThrow(
      failure('InvalidIdentityToken', /No OpenIDConnect provider/),
    )
  })
})

describe('the issuer’s keys', () => {
  it('are not fetched from private addresses unless that is allowed', async () => {
    const strict = await startApp({ document: documentFor() })
    const before = issuer.fetches()
    await expect(assume(await issuer.token(), 'alice', strict)).rejects.toThrow(failure('IDPCommunicationError'))
    expect(issuer.fetches()).toBe(before)
    await strict.close()
  })

  it('may be in a file, and then nothing is fetched', async () => {
    const jwksFile = join(app.root, 'keys.json')
    await writeFile(jwksFile, JSON.stringify({ keys: [{ ...issuer.publicKey, kid: 'key-0' }] }))
    const offline = await startApp({ document: documentFor({ jwksFile }) })
    const before = issuer.fetches()
    await assume(await issuer.token(), 'alice', offline)
    expect(issuer.fetches()).toBe(before)
    await offline.close()
  })

  it('are not looked for where a redirect points', async () => {
    const moved = issuer.url.replace(/realm$/, 'moved')
    const document = documentFor({ url: moved })
    const redirected = await startApp({ document, settings: { OIDC_PRIVATE_ISSUERS: 'on' } })
    await expect(assume(await issuer.token({}, { issuer: moved }), 'alice', redirected)).rejects.toThrow(
      failure('IDPCommunicationError', /answered 302/),
    )
    await redirected.close()
  })
})
