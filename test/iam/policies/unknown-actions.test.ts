/** Actions that do not exist pass in identity policies, as on AWS, with a warning where a person sees it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as aws from '@aws-sdk/client-iam'
import { CreateBucketCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3'
import { AssumeRoleCommand } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startTestConsole } from '../../console/start-console.ts'
import { failure, makersOf } from '../client.ts'
import { accountId, allow, policy, startApp, type TestApp } from '../start-app.ts'

const names = [
  ...['s3:HeadObject', 's3:HeadBucket', 's3:ListObjects', 's3:ListObjectsV2', 's3:ListBuckets', 's3:DeleteObjects'],
  ...['s3:CopyObject', 's3:GetBucketEncryption', 's3:GetObjekt', 's3:Frob*', 'iam:Frobnicate', 'sts:Nothing'],
]
const others = ['ec2:DescribeInstances', 'dynamodb:*', 'logs:PutLogEvents']
const document = policy(allow([...names, ...others, 's3:GetObject']))

let app: TestApp
let log: () => Promise<string>
beforeAll(async () => {
  app = await startApp({ settings: { LOG_LEVEL: 'warn', LOG_FORMAT: 'json', LOG_DIR: 'logs' } })
  log = () => readFile(join(app.root, 'logs/app.log'), 'utf8')
})
afterAll(() => app.close())
const { user, role } = makersOf(() => app.iam())

describe('actions that do not exist', () => {
  it('pass in every identity policy', async () => {
    const iam = app.iam()
    await Promise.all([user('u'), role('r'), iam.send(new aws.CreateGroupCommand({ GroupName: 'g' }))])
    const common = { PolicyName: 'p', PolicyDocument: document }
    await iam.send(new aws.PutUserPolicyCommand({ UserName: 'u', ...common }))
    await iam.send(new aws.PutRolePolicyCommand({ RoleName: 'r', ...common }))
    await iam.send(new aws.PutGroupPolicyCommand({ GroupName: 'g', ...common }))
    const { Policy } = await iam.send(new aws.CreatePolicyCommand(common))
    const version = { PolicyArn: Policy?.Arn ?? '', PolicyDocument: document }
    await iam.send(new aws.CreatePolicyVersionCommand({ ...version, SetAsDefault: true }))
    await iam.send(new aws.AttachUserPolicyCommand({ UserName: 'u', PolicyArn: Policy?.Arn ?? '' }))
    const got = await iam.send(new aws.GetUserPolicyCommand({ UserName: 'u', PolicyName: 'p' }))
    expect(decodeURIComponent(got.PolicyDocument ?? '')).toBe(document)
  })

  it('pass in the policy of a session', async () => {
    const { AccessKey } = await app.iam().send(new aws.CreateAccessKeyCommand({ UserName: 'u' }))
    await app.iam().send(
      new aws.PutUserPolicyCommand({
        UserName: 'u',
        PolicyName: 'assume',
        PolicyDocument: policy(allow('sts:AssumeRole')),
      }),
    )
    const keys = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' }
    const RoleArn = `arn:aws:iam::${accountId}:role/r`
    await app.sts(keys).send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'session', Policy: document }))
  })

  it('are told in the log, with the action that is meant', async () => {
    await vi.waitFor(async () => {
      for (const name of names)
        expect(await log()).toContain(`There is no action ${name}: it allows and denies nothing.`)
    }, 10_000)
    expect(await log()).toContain('That operation takes s3:ListBucket.')
    for (const name of [...others, 's3:GetObject']) expect(await log()).not.toContain(`There is no action ${name}:`)
  })

  it('are refused without a service', async () => {
    const make = new aws.CreatePolicyCommand({ PolicyName: 'x', PolicyDocument: policy(allow('HeadObject')) })
    await expect(app.iam().send(make)).rejects.toThrow(failure('MalformedPolicyDocument', /prefaced by a vendor/))
  })

  it.each([...names, ...others])('are refused in bucket policies: %s', async (Action) => {
    const Bucket = 'strict'
    await app.s3().send(new CreateBucketCommand({ Bucket }))
    const statement = {
      Effect: 'Allow',
      Principal: '*',
      Action,
      Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
    }
    await expect(app.s3().send(new PutBucketPolicyCommand({ Bucket, Policy: policy(statement) }))).rejects.toThrow(
      failure('MalformedPolicy', 'Policy has invalid action'),
    )
  })
})

it('actions that do not exist are told in the console, beside the policy', async () => {
  const site = await startTestConsole()
  const admin = await site.signIn()
  const warning = 'There is no action s3:HeadObject: it allows and denies nothing. That operation takes s3:GetObject.'
  await admin.get('/ui/iam/policies')
  const made = await admin.post('/ui/iam/policies', { name: 'heads', document: policy(allow('s3:HeadObject')) })
  expect(made.status).toBe(303)
  expect((await admin.get(made.headers.location ?? '')).text).toContain(warning)
  await admin.get('/ui/iam/users/Ada')
  const users = await admin.get('/ui/iam/users')
  const [href = ''] = /\/ui\/iam\/users\/[\w%]+/.exec(users.text) ?? []
  await admin.get(href)
  const saved = await admin.post(`${href}/inline`, { policyName: 'own', document: policy(allow('s3:HeadObject')) })
  expect(saved.status).toBe(303)
  expect((await admin.get(href)).text).toContain(warning)
  await site.close()
})
