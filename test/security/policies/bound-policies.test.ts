/**
 * Policies mean the principals that they name, not later ones of the same name: by every name, in every process, after
 * any edit by hand.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as aws from '@aws-sdk/client-iam'
import * as s3 from '@aws-sdk/client-s3'
import { AssumeRoleCommand } from '@aws-sdk/client-sts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makersOf } from '../../iam/client.ts'
import { accountId, allow, type Keys, policy, startApp, type TestApp } from '../../iam/start-app.ts'

let app: TestApp
beforeEach(async () => {
  app = await startApp()
  await app.s3().send(new s3.CreateBucketCommand({ Bucket: 'bucket' }))
  await app.s3().send(new s3.PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: 'x' }))
})
afterEach(() => app.close())

const { user, role, keysFor } = makersOf(() => app.iam())
const arn = (place: string) => `arn:aws:iam::${accountId}:${place}`
const resource = 'arn:aws:s3:::bucket/*'
const statement = (Effect: 'Allow' | 'Deny', names: object) => ({
  Effect,
  Action: 's3:GetObject',
  Resource: resource,
  ...names,
})
const principal = (...AWS: string[]) => ({ Principal: { AWS: AWS.length === 1 ? AWS[0] : AWS } })
const put = (...statements: object[]) =>
  app.s3().send(new s3.PutBucketPolicyCommand({ Bucket: 'bucket', Policy: policy(...statements) }))
const shown = async (): Promise<string> =>
  (await app.s3().send(new s3.GetBucketPolicyCommand({ Bucket: 'bucket' }))).Policy ?? ''
const file = () => join(app.root, 'data/.myfsio.sys/config/bucket_policies.json')
const written = async () => JSON.parse(await readFile(file(), 'utf8'))
const read = (keys: Keys, from: TestApp = app) =>
  from
    .s3(keys)
    .send(new s3.GetObjectCommand({ Bucket: 'bucket', Key: 'key' }))
    .then(
      () => 'read',
      (error: Error) => error.name,
    )
const grant = (UserName: string, ...statements: object[]) =>
  app.iam().send(new aws.PutUserPolicyCommand({ UserName, PolicyName: 'own', PolicyDocument: policy(...statements) }))
const rename = (UserName: string, NewUserName: string, NewPath?: string) =>
  app.iam().send(new aws.UpdateUserCommand({ UserName, NewUserName, NewPath }))

/** Removes the user and its keys. */
async function remove(name: string, { accessKeyId }: Keys): Promise<void> {
  await app.iam().send(new aws.DeleteAccessKeyCommand({ UserName: name, AccessKeyId: accessKeyId }))
  await app.iam().send(new aws.DeleteUserCommand({ UserName: name }))
}

async function made(name: string): Promise<Keys & { id: string }> {
  const { User } = await user(name)
  return { ...(await keysFor(name)), id: User?.UserId ?? '' }
}

describe('a bucket policy', () => {
  it('denies a user under every name that it takes', async () => {
    const a = await made('a')
    await grant('a', allow('*'))
    await put(statement('Deny', principal(arn('user/a'))))
    expect(await read(a)).toBe('AccessDenied')
    await app.iam(a).send(new aws.UpdateUserCommand({ UserName: 'a', NewUserName: 'b' }))
    expect(await read(a)).toBe('AccessDenied')
    await rename('b', 'c', '/elsewhere/')
    expect(await read(a)).toBe('AccessDenied')
    expect(await shown()).toBe(policy(statement('Deny', principal(arn('user/elsewhere/c')))))
    expect((await written()).policies.bucket.Statement[0].Principal.AWS).toBe(arn('user/elsewhere/c'))
  })

  it('lets nobody in who is made under the name of one who is gone, and shows the id of that one', async () => {
    const [first, other] = [await made('b'), await made('other')]
    await put(statement('Allow', principal(arn('user/b'), arn('user/other'))))
    expect(await read(first)).toBe('read')
    await remove('b', first)
    const second = await made('b')
    expect(second.id).not.toBe(first.id)
    expect([await read(second), await read(other)]).toEqual(['AccessDenied', 'read'])
    expect(await shown()).toBe(policy(statement('Allow', principal(first.id, arn('user/other')))))
    expect((await written()).policies.bucket.Statement[0].Principal.AWS).toEqual([first.id, arn('user/other')])
  })

  it('lets nobody in who takes the name of one who was renamed', async () => {
    const [first, second] = [await made('b'), await made('second')]
    await put(statement('Allow', principal(arn('user/b'))))
    await rename('b', 'former')
    await rename('second', 'b')
    expect([await read(first), await read(second)]).toEqual(['read', 'AccessDenied'])
  })

  it('leaves out by NotPrincipal only those whom it meant', async () => {
    const first = await made('b')
    await put(
      statement('Allow', principal('*')),
      statement('Deny', { NotPrincipal: { AWS: [arn('user/b'), arn('root')] } }),
    )
    expect(await read(first)).toBe('read')
    await remove('b', first)
    expect(await read(await made('b'))).toBe('AccessDenied')
  })

  it.each([
    ['role', (name: string) => arn(`role/${name}`), (id: string) => id],
    ['session', (name: string) => `arn:aws:sts::${accountId}:assumed-role/${name}/ss`, (id: string) => `${id}:ss`],
  ])('is bound to the %s that it means', async (_, nameOf, gone) => {
    const caller = await made('caller')
    await grant('caller', allow('sts:AssumeRole'))
    const sessionOf = async (): Promise<Keys> => {
      const asked = new AssumeRoleCommand({ RoleArn: arn('role/r'), RoleSessionName: 'ss' })
      const { Credentials: made } = await app.sts(caller).send(asked)
      return {
        accessKeyId: made?.AccessKeyId ?? '',
        secretAccessKey: made?.SecretAccessKey ?? '',
        sessionToken: made?.SessionToken ?? '',
      }
    }
    const { Role } = await role('r')
    await put(statement('Allow', principal(nameOf('r'))))
    expect(await read(await sessionOf())).toBe('read')
    await app.iam().send(new aws.DeleteRoleCommand({ RoleName: 'r' }))
    await role('r')
    expect(await read(await sessionOf())).toBe('AccessDenied')
    expect(await shown()).toBe(policy(statement('Allow', principal(gone(Role?.RoleId ?? '')))))
  })

  it('written by hand is bound before a name in it changes', async () => {
    const first = await made('b')
    await writeFile(
      file(),
      JSON.stringify({ policies: { bucket: JSON.parse(policy(statement('Allow', principal(arn('user/b'))))) } }),
    )
    expect(await read(first)).toBe('read')
    await remove('b', first)
    expect(await read(await made('b'))).toBe('AccessDenied')
    expect(await shown()).toContain(first.id)
  })

  it('by hand means whoever bears the name at the time', async () => {
    const first = await made('b')
    await put(statement('Allow', principal(arn('user/b'))))
    await remove('b', first)
    const second = await made('b')
    const document = await written()
    document.policies.bucket.Statement[0].Principal.AWS = arn('user/b')
    await writeFile(file(), JSON.stringify(document, null, 2))
    expect(await read(second)).toBe('read')
  })

  it('holds where iam.json is edited by hand', async () => {
    const first = await made('b')
    await put(statement('Allow', principal(arn('user/b'))))
    const kept = await readFile(app.iamPath, 'utf8')
    const document = JSON.parse(kept)
    document.accounts[0].users = document.accounts[0].users.filter(({ name }: { name: string }) => name !== 'b')
    await writeFile(app.iamPath, JSON.stringify(document, null, 2))
    const second = await made('b')
    expect(await read(second)).toBe('AccessDenied')
    expect(await shown()).toContain(first.id)
    await writeFile(app.iamPath, kept)
    expect(await read(first)).toBe('read')
    expect(await shown()).toContain(arn('user/b'))
  })

  it('holds in every process, and after a restart', async () => {
    const first = await made('b')
    await put(statement('Allow', principal(arn('user/b'))))
    const beside = await startApp({ root: app.root })
    await beside.s3().send(new s3.CreateBucketCommand({ Bucket: 'bucket' }))
    await beside.s3().send(new s3.PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: 'x' }))
    expect(await read(first, beside)).toBe('read')
    await remove('b', first)
    const second = await made('b')
    // The other process reads the file again before it knows the key.
    await expect.poll(() => read(second, beside)).not.toBe('InvalidAccessKeyId')
    expect(await read(second, beside)).toBe('AccessDenied')
    await beside.close()
  })
})

describe('a trust policy', () => {
  const trust = (name: string) => policy({ Effect: 'Allow', ...principal(name), Action: 'sts:AssumeRole' })
  const assume = (keys: Keys) =>
    app
      .sts(keys)
      .send(new AssumeRoleCommand({ RoleArn: arn('role/r'), RoleSessionName: 'ss' }))
      .then(
        () => 'assumed',
        (error: Error) => error.name,
      )

  it('follows a name, and trusts nobody who takes it later', async () => {
    const first = await made('b')
    await role('r', { AssumeRolePolicyDocument: trust(arn('user/b')) })
    await rename('b', 'former')
    const second = await made('b')
    expect([await assume(first), await assume(second)]).toEqual(['assumed', 'AccessDenied'])
    await remove('former', first)
    const third = await made('former')
    expect(await assume(third)).toBe('AccessDenied')
    const { Role } = await app.iam().send(new aws.GetRoleCommand({ RoleName: 'r' }))
    expect(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')).toBe(trust(first.id))
  })
})

describe('bucket_policies.json', () => {
  const spaced = `{"Version": "2012-10-17", "Statement": [{"Sid": "caf\\u00e9", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "${resource}"}]}`
  const putText = (Policy: string) => app.s3().send(new s3.PutBucketPolicyCommand({ Bucket: 'bucket', Policy }))

  it.each([
    ['as Python lays it out', spaced],
    ['compact', JSON.stringify(JSON.parse(spaced))],
    ['indented by two', JSON.stringify(JSON.parse(spaced), null, 2)],
    ['indented by four', JSON.stringify(JSON.parse(spaced), null, 4)],
  ])('holds a policy once, and gives it back as it was put: %s', async (_, text) => {
    await putText(text)
    expect(await shown()).toBe(text)
    expect((await readFile(file(), 'utf8')).match(/café/g)).toHaveLength(1)
  })

  it('of an earlier release loads, and loses its second copy with the first change', async () => {
    const old = {
      policies: { bucket: JSON.parse(spaced), other: JSON.parse(spaced) },
      texts: { bucket: spaced, other: 'x' },
    }
    await writeFile(file(), JSON.stringify(old))
    expect(await shown()).toBe(spaced)
    await app.s3().send(new s3.CreateBucketCommand({ Bucket: 'third' }))
    const third = spaced.replace('bucket/*', 'third/*')
    await app.s3().send(new s3.PutBucketPolicyCommand({ Bucket: 'third', Policy: third }))
    expect(await written()).toEqual({
      policies: { ...old.policies, third: JSON.parse(third) },
      layouts: { bucket: 'spaced', third: 'spaced' },
    })
    expect(await shown()).toBe(spaced)
  })
})
