import http from 'node:http'
import {
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketOwnershipControlsCommand,
  DeleteObjectCommand,
  GetBucketAclCommand,
  GetBucketOwnershipControlsCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  type Grant,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  type ObjectOwnership,
  PutBucketAclCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canonicalIdOf, defaultAccount } from '#identity/identities.ts'
import { signHeaders } from '../../input/signer.ts'
import { startServer, type TestServer, type TestUser } from '../start-server.ts'

const ids = {
  main: canonicalIdOf(defaultAccount),
  other: canonicalIdOf('111111111111'),
  bare: canonicalIdOf('222222222222'),
}
const everyone = 'http://acs.amazonaws.com/groups/global/AllUsers'

/** `<who> <permission>`, as a set would have it. */
function show(grants: readonly Grant[] | undefined): string[] {
  return (grants ?? [])
    .map(({ Grantee, Permission }) => {
      const user = Object.entries(ids).find(([, id]) => id === Grantee?.ID)?.[0]
      return `${user ?? Grantee?.URI?.split('/').pop()} ${Permission}`
    })
    .sort()
}

describe('access control lists', () => {
  let server: TestServer
  let count = 0
  beforeAll(async () => {
    server = await startServer({ engine: 'memory' })
  })
  afterAll(() => server.close())

  const as = (user: TestUser = 'main') => server.client(user)
  const create = async (
    ObjectOwnership: ObjectOwnership = 'ObjectWriter',
    ACL?: 'public-read' | 'public-read-write',
  ) => {
    const Bucket = `acl-${++count}`
    await as().send(new CreateBucketCommand({ Bucket, ObjectOwnership, ...(ACL && { ACL }) }))
    return Bucket
  }
  const put = (user: TestUser, Bucket: string, more: Partial<PutObjectCommandInput> = {}) =>
    as(user).send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'body', ...more }))
  const read = async (user: TestUser, Bucket: string, Key = 'key') =>
    (await as(user).send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()
  const aclOf = async (Bucket: string, user: TestUser = 'main') => {
    const { Owner, Grants } = await as(user).send(new GetObjectAclCommand({ Bucket, Key: 'key' }))
    return { owner: Owner?.DisplayName, grants: show(Grants) }
  }
  const policyAcl = (Grants: Grant[], owner: string = ids.main) => ({ Owner: { ID: owner }, Grants })
  const toUser = (user: keyof typeof ids, Permission: Grant['Permission']): Grant => ({
    Grantee: { Type: 'CanonicalUser', ID: ids[user] },
    Permission,
  })
  const anonymous = (path: string, init?: RequestInit) => fetch(`${server.endpoint}/${path}`, init)

  it('are set also where the object is replaced while they are on their way', async () => {
    const Bucket = await create()
    await put('main', Bucket)
    const grant = `<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>${ids.other}</ID></Grantee><Permission>READ</Permission></Grant>`
    const body = `<AccessControlPolicy><Owner><ID>${ids.main}</ID></Owner><AccessControlList>${grant}</AccessControlList></AccessControlPolicy>`
    const { host, hostname, port } = new URL(server.endpoint)
    const request = { method: 'PUT', target: `/${Bucket}/key?acl`, headers: [['Host', host]] as const }
    const signed = signHeaders(request, { accessKeyId: 'main', secret: 'main-secret', payload: 'UNSIGNED-PAYLOAD' })
    const headers = { ...Object.fromEntries(signed.headers), expect: '100-continue', 'content-length': body.length }
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sent = http.request({ hostname, port, method: 'PUT', path: request.target, headers })
      // The body is asked for once it is known which object it is about.
      sent.on('continue', () => put('main', Bucket).then(() => sent.end(body), reject))
      sent.on('response', (answer) => resolve(answer.resume().statusCode)).on('error', reject)
      sent.flushHeaders()
    })
    expect(status).toBe(200)
    expect((await aclOf(Bucket)).grants).toEqual(['other READ'])
  })

  it('are disabled in new buckets, where they are shown but not set', async () => {
    const Bucket = `acl-${++count}`
    await as().send(new CreateBucketCommand({ Bucket, ACL: 'private' }))
    const controls = await as().send(new GetBucketOwnershipControlsCommand({ Bucket }))
    expect(controls.OwnershipControls?.Rules).toEqual([{ ObjectOwnership: 'BucketOwnerEnforced' }])
    const acl = await as().send(new GetBucketAclCommand({ Bucket }))
    expect([acl.Owner?.DisplayName, show(acl.Grants)]).toEqual(['Main', ['main FULL_CONTROL']])
    await put('main', Bucket, { ACL: 'bucket-owner-full-control' })
    await put('main', Bucket, { GrantFullControl: `id="${ids.main}"` })
    expect(await aclOf(Bucket)).toEqual({ owner: 'Main', grants: ['main FULL_CONTROL'] })
    // Old clients send it, so it is accepted unless the setting is explicit.
    await put('main', Bucket, { ACL: 'private' })
    const asked = await create('BucketOwnerEnforced')
    await put('main', asked)
    const refused = { name: 'AccessControlListNotSupported', $metadata: { httpStatusCode: 400 } }
    for (const ACL of ['private', 'public-read'] as const) {
      await expect(put('main', asked, { ACL })).rejects.toMatchObject(refused)
      for (const name of [Bucket, asked]) {
        const set = as().send(new PutObjectAclCommand({ Bucket: name, Key: 'key', ACL }))
        await expect(set).rejects.toMatchObject(refused)
      }
    }
    await expect(put('main', Bucket, { ACL: 'public-read' })).rejects.toMatchObject(refused)
    await expect(
      as().send(new CreateBucketCommand({ Bucket: `${Bucket}-public`, ACL: 'public-read' })),
    ).rejects.toMatchObject({ name: 'InvalidBucketAclWithObjectOwnership' })
  })

  it('are accepted where they are disabled if they say that the owner has full control, and nobody else anything', async () => {
    for (const Bucket of [await create('BucketOwnerEnforced'), `acl-${++count}`]) {
      await as()
        .send(new CreateBucketCommand({ Bucket }))
        .catch(() => undefined)
      await put('main', Bucket)
      const setObject = (more: object) => as().send(new PutObjectAclCommand({ Bucket, Key: 'key', ...more }))
      const setBucket = (more: object) => as().send(new PutBucketAclCommand({ Bucket, ...more }))
      const full = toUser('main', 'FULL_CONTROL')
      const own = { AccessControlPolicy: policyAcl([full]) }
      for (const more of [own, { ACL: 'bucket-owner-full-control' }, { GrantFullControl: `id=${ids.main}` }]) {
        await setObject(more)
        await setBucket(more)
      }
      await setBucket({ ACL: 'private' })
      await as()
        .send(new GetBucketAclCommand({ Bucket }))
        .then(({ Grants }) => expect(show(Grants)).toEqual(['main FULL_CONTROL']))
      const refused = { name: 'AccessControlListNotSupported' }
      for (const more of [
        { ACL: 'public-read' },
        { ACL: 'authenticated-read' },
        { AccessControlPolicy: policyAcl([]) },
        { AccessControlPolicy: policyAcl([toUser('main', 'READ')]) },
        { AccessControlPolicy: policyAcl([full, toUser('other', 'READ')]) },
        { AccessControlPolicy: policyAcl([toUser('other', 'FULL_CONTROL')]) },
        { GrantRead: `id=${ids.main}` },
        { GrantFullControl: `id=${ids.other}` },
      ]) {
        await expect(setObject(more), JSON.stringify(more)).rejects.toMatchObject(refused)
        await expect(setBucket(more), JSON.stringify(more)).rejects.toMatchObject(refused)
      }
      await expect(setObject({ ACL: 'private' })).rejects.toMatchObject(refused)
      await expect(setObject({ ACL: 'bucket-owner-read' })).rejects.toMatchObject(refused)
      await expect(setObject({ Key: 'absent', ...own })).rejects.toMatchObject({ name: 'NoSuchKey' })
      expect(await aclOf(Bucket)).toEqual({ owner: 'Main', grants: ['main FULL_CONTROL'] })
      const anybody = { Effect: 'Allow', Principal: '*', Action: 's3:*', Resource: `arn:aws:s3:::${Bucket}` }
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [anybody] })
      await as().send(new PutBucketPolicyCommand({ Bucket, Policy }))
      const byOther = as('other').send(new PutBucketAclCommand({ Bucket, ACL: 'private' }))
      await expect(byOther).rejects.toMatchObject(refused)
    }
  })

  it("begin with the owner's grant", async () => {
    const Bucket = await create('ObjectWriter', 'public-read-write')
    const { Grants } = await as().send(new GetBucketAclCommand({ Bucket }))
    expect(Grants?.map(({ Permission }) => Permission)).toEqual(['FULL_CONTROL', 'READ', 'WRITE'])
    for (const ACL of ['public-read', 'authenticated-read', 'bucket-owner-read'] as const) {
      await put('other', Bucket, { ACL })
      const acl = await as('other').send(new GetObjectAclCommand({ Bucket, Key: 'key' }))
      expect(acl.Grants?.map(({ Permission }) => Permission)).toEqual(['FULL_CONTROL', 'READ'])
    }
  })

  it('are expanded from canned ones, of buckets and of objects', async () => {
    const Bucket = await create('ObjectWriter', 'public-read')
    const get = async () => show((await as().send(new GetBucketAclCommand({ Bucket }))).Grants)
    expect(await get()).toEqual(['AllUsers READ', 'main FULL_CONTROL'])
    await as().send(new PutBucketAclCommand({ Bucket, ACL: 'public-read-write' }))
    expect(await get()).toEqual(['AllUsers READ', 'AllUsers WRITE', 'main FULL_CONTROL'])
    await as().send(new PutBucketAclCommand({ Bucket, ACL: 'log-delivery-write' as 'private' }))
    expect(await get()).toEqual(['LogDelivery READ_ACP', 'LogDelivery WRITE', 'main FULL_CONTROL'])
    await as().send(new PutBucketAclCommand({ Bucket, ACL: 'private' }))
    expect(await get()).toEqual(['main FULL_CONTROL'])
    await put('main', Bucket, { ACL: 'authenticated-read' })
    expect(await aclOf(Bucket)).toEqual({ owner: 'Main', grants: ['AuthenticatedUsers READ', 'main FULL_CONTROL'] })
    await put('main', Bucket)
    expect((await aclOf(Bucket)).grants).toEqual(['main FULL_CONTROL'])
    await as().send(
      new PutObjectAclCommand({ Bucket, Key: 'key', GrantRead: `emailAddress=other@example.com, uri="${everyone}"` }),
    )
    expect((await aclOf(Bucket)).grants).toEqual(['AllUsers READ', 'other READ'])
  })

  it('let strangers read what is public and tell them nothing of the rest', async () => {
    const Bucket = await create()
    await put('main', Bucket, { Key: 'open', ACL: 'public-read' })
    await put('main', Bucket, { Key: 'closed' })
    const status = async (path: string) => (await anonymous(`${Bucket}${path}`)).status
    expect(await Promise.all(['/open', '/closed', '/none', '?list-type=2', '/open?acl'].map(status))).toEqual([
      200, 403, 403, 403, 403,
    ])
    expect((await anonymous(`${Bucket}/none?versionId=${'0'.repeat(32)}`)).status).toBe(403)
    expect((await anonymous(`${Bucket}/closed`, { headers: { 'if-none-match': '*' } })).status).toBe(403)
    await as().send(new PutBucketAclCommand({ Bucket, ACL: 'public-read' }))
    expect(await Promise.all(['/open', '/closed', '/none', '?list-type=2'].map(status))).toEqual([200, 403, 404, 200])
    expect((await anonymous(`${Bucket}/new`, { method: 'PUT', body: 'x' })).status).toBe(403)
  })

  it('give other accounts what they say and no more', async () => {
    const Bucket = await create()
    await put('main', Bucket)
    const tries = {
      list: () => as('other').send(new ListObjectsV2Command({ Bucket })),
      write: () => put('other', Bucket, { Key: 'theirs' }),
      'read acl': () => as('other').send(new GetBucketAclCommand({ Bucket })),
      // Refused for its grantee, but only after the permission has been found.
      'write acl': () => as('other').send(new PutBucketAclCommand({ Bucket, GrantRead: 'id=nobody' })),
      'delete object': () => as('other').send(new DeleteObjectCommand({ Bucket, Key: 'key' })),
    }
    const allowed = async () => {
      const names: string[] = []
      for (const [name, attempt] of Object.entries(tries)) {
        const error = await attempt().then(
          () => undefined,
          (reason: Error) => reason.name,
        )
        if (error !== 'AccessDenied') names.push(name)
      }
      return names
    }
    const expected = {
      READ: ['list'],
      WRITE: ['write'],
      READ_ACP: ['read acl'],
      WRITE_ACP: ['write acl'],
      FULL_CONTROL: ['list', 'write', 'read acl', 'write acl'],
    } as const
    expect(await allowed()).toEqual([])
    for (const [permission, names] of Object.entries(expected)) {
      const grants = [toUser('main', 'FULL_CONTROL'), toUser('other', permission as keyof typeof expected)]
      await as().send(new PutBucketAclCommand({ Bucket, AccessControlPolicy: policyAcl(grants) }))
      expect([permission, await allowed()]).toEqual([permission, [...names]])
    }
    await expect(read('other', Bucket)).rejects.toMatchObject({ name: 'AccessDenied' })
    await as().send(
      new PutObjectAclCommand({ Bucket, Key: 'key', AccessControlPolicy: policyAcl([toUser('other', 'READ')]) }),
    )
    expect(await read('other', Bucket)).toBe('body')
    expect(await read('main', Bucket)).toBe('body')
    await expect(aclOf(Bucket, 'other')).rejects.toMatchObject({ name: 'AccessDenied' })
    await expect(read('bare', Bucket)).rejects.toMatchObject({ name: 'AccessDenied' })
  })

  it('need grants of the caller’s own account too, and lose against a Deny', async () => {
    const Bucket = await create('ObjectWriter', 'public-read')
    await put('main', Bucket, { ACL: 'public-read' })
    expect((await anonymous(`${Bucket}/key`)).status).toBe(200)
    await expect(read('bare', Bucket)).rejects.toMatchObject({ name: 'AccessDenied' })
    expect(await read('other', Bucket)).toBe('body')
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Deny', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` }],
    })
    await as().send(new PutBucketPolicyCommand({ Bucket, Policy }))
    expect((await anonymous(`${Bucket}/key`)).status).toBe(403)
    await expect(read('other', Bucket)).rejects.toMatchObject({ name: 'AccessDenied' })
  })

  it('leave objects to whoever wrote them, unless these give them to the owner of the bucket', async () => {
    const Bucket = await create('ObjectWriter', 'public-read-write')
    await put('other', Bucket)
    expect(await aclOf(Bucket, 'other')).toEqual({ owner: 'Other', grants: ['other FULL_CONTROL'] })
    await expect(read('main', Bucket)).rejects.toMatchObject({ name: 'AccessDenied' })
    await expect(as().send(new HeadObjectCommand({ Bucket, Key: 'key' }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 403 },
    })
    await expect(
      as().send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/key` })),
    ).rejects.toMatchObject({ name: 'AccessDenied' })
    await expect(as().send(new PutObjectAclCommand({ Bucket, Key: 'key', ACL: 'private' }))).rejects.toMatchObject({
      name: 'AccessDenied',
    })
    await put('other', Bucket, { ACL: 'bucket-owner-read' })
    expect(await read('main', Bucket)).toBe('body')
    const listed = await as().send(new ListObjectsV2Command({ Bucket, FetchOwner: true }))
    expect(listed.Contents?.map(({ Owner }) => Owner)).toEqual([{ ID: ids.other, DisplayName: 'Other' }])
    await put('other', Bucket, { ACL: 'bucket-owner-full-control' })
    expect(await aclOf(Bucket)).toEqual({ owner: 'Other', grants: ['main FULL_CONTROL', 'other FULL_CONTROL'] })
    await as().send(new DeleteObjectCommand({ Bucket, Key: 'key' }))
    await expect(read('other', Bucket)).rejects.toMatchObject({ name: 'NoSuchKey' })

    const preferred = await create('BucketOwnerPreferred', 'public-read-write')
    await put('other', preferred, { ACL: 'bucket-owner-full-control' })
    expect(await aclOf(preferred)).toEqual({ owner: 'Main', grants: ['main FULL_CONTROL'] })
    await expect(read('other', preferred)).rejects.toMatchObject({ name: 'AccessDenied' })
    await put('other', preferred)
    expect((await aclOf(preferred, 'other')).owner).toBe('Other')
  })

  it('let strangers own what they write where they may', async () => {
    const Bucket = await create('ObjectWriter', 'public-read-write')
    expect(
      (await anonymous(`${Bucket}/key`, { method: 'PUT', body: 'x', headers: { 'x-amz-acl': 'bucket-owner-read' } }))
        .status,
    ).toBe(200)
    expect(await (await anonymous(`${Bucket}/key`)).text()).toBe('x')
    expect(await read('main', Bucket)).toBe('x')
    await expect(aclOf(Bucket)).rejects.toMatchObject({ name: 'AccessDenied' })
    const owned = `${Bucket}-enforced`
    await as().send(new CreateBucketCommand({ Bucket: owned }))
    const statement = { Effect: 'Allow', Principal: '*', Action: 's3:PutObject', Resource: `arn:aws:s3:::${owned}/*` }
    await as().send(new PutBucketPolicyCommand({ Bucket: owned, Policy: JSON.stringify({ Statement: [statement] }) }))
    expect((await anonymous(`${owned}/key`, { method: 'PUT', body: 'x' })).status).toBe(200)
    expect((await aclOf(owned)).owner).toBe('Main')
  })

  it('belong to a version, which they change neither in its bytes nor in its time', async () => {
    const Bucket = await create()
    await as().send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }))
    const { VersionId } = await put('main', Bucket, { Body: 'old' })
    await put('main', Bucket, { Body: 'new' })
    const before = await as().send(new HeadObjectCommand({ Bucket, Key: 'key', VersionId }))
    await as().send(new PutObjectAclCommand({ Bucket, Key: 'key', VersionId, ACL: 'public-read' }))
    const after = await as().send(new HeadObjectCommand({ Bucket, Key: 'key', VersionId }))
    expect(after.LastModified).toEqual(before.LastModified)
    expect(await (await anonymous(`${Bucket}/key?versionId=${VersionId}`)).text()).toBe('old')
    expect((await anonymous(`${Bucket}/key`)).status).toBe(403)
    const { VersionId: marker } = await as().send(new DeleteObjectCommand({ Bucket, Key: 'key' }))
    await expect(
      as().send(new PutObjectAclCommand({ Bucket, Key: 'key', VersionId: marker, ACL: 'private' })),
    ).rejects.toMatchObject({ name: 'MethodNotAllowed' })
    await expect(as().send(new GetObjectAclCommand({ Bucket, Key: 'key' }))).rejects.toMatchObject({
      name: 'NoSuchKey',
    })
  })

  it('come with copies, uploads in parts and forms', async () => {
    const Bucket = await create('ObjectWriter', 'public-read-write')
    await put('main', Bucket, { ACL: 'public-read' })
    await as().send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/key` }))
    expect((await anonymous(`${Bucket}/copy`)).status).toBe(403)
    await as().send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/key`, ACL: 'public-read' }))
    expect((await anonymous(`${Bucket}/copy`)).status).toBe(200)

    const upload = { Bucket, Key: 'parts' }
    const { UploadId } = await as('other').send(new CreateMultipartUploadCommand({ ...upload, ACL: 'public-read' }))
    const { Owner, Initiator } = await as('other').send(new ListPartsCommand({ ...upload, UploadId }))
    expect([Owner?.DisplayName, Initiator?.DisplayName]).toEqual(['Other', 'Other'])
    const { UploadId: own } = await as().send(new CreateMultipartUploadCommand(upload))
    const abort = (user: TestUser, id: string | undefined) =>
      as(user).send(new AbortMultipartUploadCommand({ ...upload, UploadId: id }))
    await expect(abort('other', own)).rejects.toMatchObject({ name: 'AccessDenied' })
    await abort('other', UploadId)
    await abort('main', own)

    const post = await createPresignedPost(as(), { Bucket, Key: 'form', Fields: { acl: 'public-read' } })
    const form = new FormData()
    for (const [name, value] of Object.entries(post.fields)) form.append(name, value)
    form.append('file', new Blob(['from a form']), 'form.txt')
    expect((await fetch(post.url, { method: 'POST', body: form })).status).toBe(204)
    expect(await (await anonymous(`${Bucket}/form`)).text()).toBe('from a form')
  })

  it('come to an end when the owner of the bucket takes everything over', async () => {
    const Bucket = await create('ObjectWriter', 'public-read-write')
    await put('other', Bucket, { ACL: 'public-read' })
    const enforce = () =>
      as().send(
        new PutBucketOwnershipControlsCommand({
          Bucket,
          OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        }),
      )
    await expect(enforce()).rejects.toMatchObject({ name: 'InvalidBucketAclWithObjectOwnership' })
    await as().send(new PutBucketAclCommand({ Bucket, ACL: 'private' }))
    await enforce()
    expect(await aclOf(Bucket)).toEqual({ owner: 'Main', grants: ['main FULL_CONTROL'] })
    expect(await read('main', Bucket)).toBe('body')
    expect((await anonymous(`${Bucket}/key`)).status).toBe(403)
    await expect(read('other', Bucket)).rejects.toMatchObject({ name: 'AccessDenied' })
    for (let i = 0; i < 2; i++) await as().send(new DeleteBucketOwnershipControlsCommand({ Bucket }))
    await expect(as().send(new GetBucketOwnershipControlsCommand({ Bucket }))).rejects.toMatchObject({
      name: 'OwnershipControlsNotFoundError',
    })
    expect((await anonymous(`${Bucket}/key`)).status).toBe(200)
  })
})
