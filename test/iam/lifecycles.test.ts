/** The calls of Terraform's provider for its resources that no other test makes. */
import * as aws from '@aws-sdk/client-iam'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decode, failure, makersOf } from './client.ts'
import { accountId, allow, policy, startApp, type TestApp } from './start-app.ts'

let app: TestApp
let iam: aws.IAMClient
const { user, role } = makersOf(() => iam)
const arnOf = (noun: string, name: string) => `arn:aws:iam::${accountId}:${noun}/${name}`
const text = policy(allow('s3:GetObject'))
const url = 'https://issuer.example.com'

beforeAll(async () => {
  app = await startApp()
  iam = app.iam()
  await user('tf')
  await role('tf')
  await iam.send(new aws.CreateGroupCommand({ GroupName: 'tf' }))
  await iam.send(new aws.CreatePolicyCommand({ PolicyName: 'tf', PolicyDocument: text }))
  await iam.send(new aws.CreateInstanceProfileCommand({ InstanceProfileName: 'tf' }))
  await iam.send(new aws.CreateOpenIDConnectProviderCommand({ Url: url, ThumbprintList: ['a'.repeat(40)] }))
})
afterAll(() => app.close())

/** By its name, since the nouns have different names. */
const call = (name: string, input: object): Promise<Record<string, unknown>> => {
  const commands = aws as unknown as Record<string, new (input: object) => aws.GetUserCommand>
  const Command = commands[`${name}Command`]
  if (Command === undefined) throw new Error(`no ${name}`)
  return iam.send(new Command(input)) as never
}

describe.each(['User', 'Group', 'Role'])('policies of a %s', (noun) => {
  const holder = { [`${noun}Name`]: 'tf' }
  const PolicyArn = arnOf('policy', 'tf')

  it('are attached, listed, found by the policy, and detached', async () => {
    await call(`Attach${noun}Policy`, { ...holder, PolicyArn })
    await call(`Attach${noun}Policy`, { ...holder, PolicyArn })
    const attached = await call(`ListAttached${noun}Policies`, holder)
    expect(attached.AttachedPolicies).toEqual([{ PolicyName: 'tf', PolicyArn }])
    const entities = await call('ListEntitiesForPolicy', { PolicyArn, EntityFilter: noun })
    expect(entities[`Policy${noun}s`]).toMatchObject([{ [`${noun}Name`]: 'tf' }])
    await call(`Detach${noun}Policy`, { ...holder, PolicyArn })
    await expect(call(`Detach${noun}Policy`, { ...holder, PolicyArn })).rejects.toThrow(failure('NoSuchEntity'))
    expect((await call(`ListAttached${noun}Policies`, holder)).AttachedPolicies).toEqual([])
  })

  it('are put, got, listed and deleted', async () => {
    const named = { ...holder, PolicyName: 'inline' }
    await call(`Put${noun}Policy`, { ...named, PolicyDocument: text })
    const got = await call(`Get${noun}Policy`, named)
    expect(decode(String(got.PolicyDocument))).toEqual(JSON.parse(text))
    expect((await call(`List${noun}Policies`, holder)).PolicyNames).toEqual(['inline'])
    await call(`Delete${noun}Policy`, named)
    await expect(call(`Get${noun}Policy`, named)).rejects.toThrow(failure('NoSuchEntity'))
  })
})

describe.each([
  ['User', { UserName: 'tf' }],
  ['Role', { RoleName: 'tf' }],
  ['Policy', { PolicyArn: arnOf('policy', 'tf') }],
  ['InstanceProfile', { InstanceProfileName: 'tf' }],
  ['OpenIDConnectProvider', { OpenIDConnectProviderArn: arnOf('oidc-provider', 'issuer.example.com') }],
])('tags of a %s', (noun, named) => {
  it('are set, overwritten, listed and removed', async () => {
    const set = (Key: string, Value: string) => call(`Tag${noun}`, { ...named, Tags: [{ Key, Value }] })
    await set('step', 'first')
    await set('step', 'second')
    await set('cost', '')
    const listed = async () => (await call(`List${noun}Tags`, named)).Tags
    expect(await listed()).toEqual([
      { Key: 'cost', Value: '' },
      { Key: 'step', Value: 'second' },
    ])
    await call(`Untag${noun}`, { ...named, TagKeys: ['cost', 'none'] })
    expect(await listed()).toEqual([{ Key: 'step', Value: 'second' }])
  })
})

describe('before a user is deleted', () => {
  it.each([
    ['ListSSHPublicKeys', 'SSHPublicKeys'],
    ['ListSigningCertificates', 'Certificates'],
    ['ListServiceSpecificCredentials', 'ServiceSpecificCredentials'],
    ['ListMFADevices', 'MFADevices'],
    ['ListVirtualMFADevices', 'VirtualMFADevices'],
  ])('%s says that there is none', async (name, element) => {
    expect((await call(name, name === 'ListVirtualMFADevices' ? {} : { UserName: 'tf' }))[element]).toEqual([])
  })

  it('its password is changed, and deleted', async () => {
    const UserName = 'tf'
    await expect(call('DeleteLoginProfile', { UserName })).rejects.toThrow(failure('NoSuchEntity'))
    await call('CreateLoginProfile', { UserName, Password: 'a long password 1' })
    await call('UpdateLoginProfile', { UserName, Password: 'a long password 2', PasswordResetRequired: true })
    const { LoginProfile } = await call('GetLoginProfile', { UserName })
    expect(LoginProfile).toMatchObject({ UserName, PasswordResetRequired: true })
    await call('DeleteLoginProfile', { UserName })
  })
})

it('a role is described anew, in both ways, and listed under its path', async () => {
  await call('UpdateRoleDescription', { RoleName: 'tf', Description: 'first' })
  await call('UpdateRole', { RoleName: 'tf', Description: 'second', MaxSessionDuration: 7200 })
  const { Roles } = await call('ListRoles', { PathPrefix: '/' })
  expect(Roles).toMatchObject([{ RoleName: 'tf', Description: 'second', MaxSessionDuration: 7200 }])
})

it('a provider gets other thumbprints', async () => {
  const OpenIDConnectProviderArn = arnOf('oidc-provider', 'issuer.example.com')
  const ThumbprintList = ['b'.repeat(40)]
  await call('UpdateOpenIDConnectProviderThumbprint', { OpenIDConnectProviderArn, ThumbprintList })
  expect(await call('GetOpenIDConnectProvider', { OpenIDConnectProviderArn })).toMatchObject({ ThumbprintList })
})
