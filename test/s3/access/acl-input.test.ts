import {
  CreateBucketCommand,
  DeletePublicAccessBlockCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  ListObjectsV2Command,
  type PublicAccessBlockConfiguration,
  PutBucketAclCommand,
  PutBucketPolicyCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canonicalIdOf, defaultAccount } from '#identity/identities.ts'
import { startServer, type TestServer } from '../start-server.ts'

const main = canonicalIdOf(defaultAccount)
const Bucket = 'bucket'

describe('what is not understood of access', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ engine: 'memory', defaultObjectOwnership: 'ObjectWriter' })
    await server.client().send(new CreateBucketCommand({ Bucket }))
    await server.client().send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'body' }))
  })
  afterAll(() => server.close())

  /** With the secret in clear text, so that any header and any body can be sent unsigned. */
  const ask = async (method: string, path: string, headers: Record<string, string> = {}, body?: string) => {
    const keys = { 'x-access-key': 'main', 'x-secret-key': 'main-secret' }
    const init = { method, headers: { ...keys, ...headers }, ...(body === undefined ? {} : { body }) }
    const response = await fetch(`${server.endpoint}/${path}`, init)
    const code = /<Code>(\w+)<\/Code>/.exec(await response.text())?.[1]
    return `${response.status} ${code ?? ''}`.trim()
  }

  it('is refused in headers', async () => {
    const table: [Record<string, string>, string][] = [
      [{ 'x-amz-acl': 'public-ready' }, '400 InvalidArgument'],
      [{ 'x-amz-acl': '' }, '400 InvalidArgument'],
      [{ 'x-amz-acl': 'private', 'x-amz-grant-read': `id=${main}` }, '400 InvalidRequest'],
      [{ 'x-amz-grant-read': 'everyone' }, '400 InvalidArgument'],
      [{ 'x-amz-grant-read': '' }, '400 InvalidArgument'],
      [{ 'x-amz-grant-read': 'id=nobody' }, '400 InvalidArgument'],
      [{ 'x-amz-grant-read': 'id="' }, '400 InvalidArgument'],
      [{ 'x-amz-grant-read': 'uri="http://acs.amazonaws.com/groups/global/Nobody"' }, '400 InvalidArgument'],
      [{ 'x-amz-grant-read': 'emailAddress="nobody@example.com"' }, '400 UnresolvableGrantByEmailAddress'],
      [{ 'x-amz-grant-read': Array(101).fill(`id=${main}`).join(',') }, '400 MalformedACLError'],
    ]
    for (const [headers, answer] of table) {
      expect([headers, await ask('PUT', 'bucket?acl', headers)]).toEqual([headers, answer])
      expect([headers, await ask('PUT', 'bucket/key?acl', headers)]).toEqual([headers, answer])
      expect([headers, await ask('PUT', 'bucket/new', headers, 'x')]).toEqual([headers, answer])
      expect([headers, await ask('PUT', 'another-bucket', headers)]).toEqual([headers, answer])
    }
    expect(await ask('GET', 'bucket/new')).toBe('404 NoSuchKey')
    expect(await ask('PUT', 'bucket?acl')).toBe('400 MissingSecurityHeader')
    expect(await ask('PUT', 'bucket/key?acl', { 'x-amz-acl': 'log-delivery-write' })).toBe('400 InvalidArgument')
    expect(await ask('PUT', 'another-bucket', { 'x-amz-object-ownership': 'Mine' })).toBe('400 InvalidArgument')
    expect(await ask('PUT', 'bucket?acl', { 'x-amz-acl': 'private' }, '<AccessControlPolicy/>')).toBe(
      '400 UnexpectedContent',
    )
  })

  it('is refused in documents', async () => {
    const xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    const policy = (list: string, owner = `<Owner><ID>${main}</ID></Owner>`) =>
      `<AccessControlPolicy>${owner}<AccessControlList>${list}</AccessControlList></AccessControlPolicy>`
    const grant = (type: string, who: string, permission = 'READ') =>
      `<Grant><Grantee ${xsi} xsi:type="${type}">${who}</Grantee><Permission>${permission}</Permission></Grant>`
    const own = grant('CanonicalUser', `<ID>${main}</ID>`)
    const table: [string, string][] = [
      ['<AccessControlPolicy', '400 MalformedACLError'],
      ['<Acl></Acl>', '400 MalformedACLError'],
      ['<!DOCTYPE a><AccessControlPolicy/>', '400 MalformedACLError'],
      ['<AccessControlPolicy></AccessControlPolicy>', '400 MalformedACLError'],
      [policy(own, ''), '400 MalformedACLError'],
      [policy(own, '<Owner><ID>another</ID></Owner>'), '403 AccessDenied'],
      [policy('<Grant><Permission>READ</Permission></Grant>'), '400 MalformedACLError'],
      [
        policy(`<Grant><Grantee ${xsi} xsi:type="CanonicalUser"><ID>${main}</ID></Grantee></Grant>`),
        '400 MalformedACLError',
      ],
      [policy(grant('CanonicalUser', `<ID>${main}</ID>`, 'EVERYTHING')), '400 MalformedACLError'],
      [policy(grant('Robot', `<ID>${main}</ID>`)), '400 MalformedACLError'],
      [policy(grant('CanonicalUser', '<URI>x</URI>')), '400 MalformedACLError'],
      [policy(grant('CanonicalUser', '<ID>_foo</ID>')), '400 InvalidArgument'],
      [policy(grant('Group', '<URI>http://example.com</URI>')), '400 InvalidArgument'],
      [
        policy(grant('AmazonCustomerByEmail', '<EmailAddress>a@b.invalid</EmailAddress>')),
        '400 UnresolvableGrantByEmailAddress',
      ],
      [policy(own.repeat(101)), '400 MalformedACLError'],
    ]
    for (const [body, answer] of table) {
      expect([body, await ask('PUT', 'bucket?acl', {}, body)]).toEqual([body, answer])
      expect([body, await ask('PUT', 'bucket/key?acl', {}, body)]).toEqual([body, answer])
    }
    expect(await ask('PUT', 'bucket?acl', {}, policy(own.repeat(100)))).toBe('200')
    expect(await ask('PUT', 'bucket?acl', {}, policy(''))).toBe('200')
    expect(await ask('PUT', 'bucket/none?acl', { 'x-amz-acl': 'private' })).toBe('404 NoSuchKey')
    const rule = (text: string) => `<OwnershipControls>${text}</OwnershipControls>`
    const valid = '<Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule>'
    for (const body of [
      '<Controls/>',
      rule(''),
      rule('<Rule/>'),
      rule(valid + valid),
      rule(valid.replace('Object', 'X')),
    ]) {
      expect([body, await ask('PUT', 'bucket?ownershipControls', {}, body)]).toEqual([body, '400 MalformedXML'])
    }
    expect(await ask('PUT', 'bucket?ownershipControls')).toBe('400 MissingRequestBodyError')
    const block =
      '<PublicAccessBlockConfiguration><BlockPublicAcls>x</BlockPublicAcls></PublicAccessBlockConfiguration>'
    expect(await ask('PUT', 'bucket?publicAccessBlock', {}, block)).toBe('400 MalformedXML')
    expect(await ask('PUT', 'bucket?publicAccessBlock')).toBe('400 MissingRequestBodyError')
    expect(await ask('GET', 'bucket?publicAccessBlock')).toBe('404 NoSuchPublicAccessBlockConfiguration')
    expect(await ask('DELETE', 'bucket?acl')).toBe('405 MethodNotAllowed')
  })
})

describe('a block of public access', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ engine: 'memory', defaultObjectOwnership: 'ObjectWriter' })
    await server.client().send(new CreateBucketCommand({ Bucket }))
  })
  afterAll(() => server.close())

  const send = (PublicAccessBlockConfiguration: PublicAccessBlockConfiguration) =>
    server.client().send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }))
  const policyFor = (principal: string) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: principal },
          Action: 's3:GetObject',
          Resource: `arn:aws:s3:::${Bucket}/*`,
        },
      ],
    })
  const denied = { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } }

  it('keeps public ACLs from being set, or from counting', async () => {
    const client = server.client()
    await client.send(new PutObjectCommand({ Bucket, Key: 'open', Body: 'x', ACL: 'public-read' }))
    await send({ BlockPublicAcls: true })
    for (const ACL of ['public-read', 'public-read-write', 'authenticated-read'] as const) {
      await expect(client.send(new PutBucketAclCommand({ Bucket, ACL }))).rejects.toMatchObject(denied)
      await expect(client.send(new PutObjectAclCommand({ Bucket, Key: 'open', ACL }))).rejects.toMatchObject(denied)
      await expect(client.send(new PutObjectCommand({ Bucket, Key: 'new', Body: 'x', ACL }))).rejects.toMatchObject(
        denied,
      )
    }
    await client.send(new PutObjectCommand({ Bucket, Key: 'new', Body: 'x', ACL: 'private' }))
    expect((await fetch(`${server.endpoint}/${Bucket}/open`)).status).toBe(200)
    await send({ IgnorePublicAcls: true })
    await client.send(new PutBucketAclCommand({ Bucket, ACL: 'public-read' }))
    expect((await fetch(`${server.endpoint}/${Bucket}/open`)).status).toBe(403)
    expect((await fetch(`${server.endpoint}/${Bucket}`)).status).toBe(403)
    await expect(server.client('other').send(new ListObjectsV2Command({ Bucket }))).rejects.toMatchObject(denied)
    const { PublicAccessBlockConfiguration: shown } = await client.send(new GetPublicAccessBlockCommand({ Bucket }))
    expect(shown).toEqual({
      BlockPublicAcls: false,
      IgnorePublicAcls: true,
      BlockPublicPolicy: false,
      RestrictPublicBuckets: false,
    })
    await client.send(new DeletePublicAccessBlockCommand({ Bucket }))
    await client.send(new DeletePublicAccessBlockCommand({ Bucket }))
    expect((await fetch(`${server.endpoint}/${Bucket}/open`)).status).toBe(200)
  })

  it('keeps public policies from being set, or from letting others in', async () => {
    const client = server.client()
    await client.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'x' }))
    await send({ BlockPublicPolicy: true })
    const set = (principal: string) => client.send(new PutBucketPolicyCommand({ Bucket, Policy: policyFor(principal) }))
    await expect(set('*')).rejects.toMatchObject(denied)
    await set('111111111111')
    const read = (user: 'main' | 'other') => server.client(user).send(new GetObjectCommand({ Bucket, Key: 'key' }))
    await send({ RestrictPublicBuckets: true })
    await read('other')
    await send({})
    await set('*')
    expect((await fetch(`${server.endpoint}/${Bucket}/key`)).status).toBe(200)
    await send({ RestrictPublicBuckets: true })
    expect((await fetch(`${server.endpoint}/${Bucket}/key`)).status).toBe(403)
    await expect(read('other')).rejects.toMatchObject(denied)
    await read('main')
  })
})
