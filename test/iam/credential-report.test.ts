import * as aws from '@aws-sdk/client-iam'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { failure, makersOf } from './client.ts'
import { accountId, startApp, type TestApp } from './start-app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())
const { user, keysFor } = makersOf(() => app.iam())

it('the credential report tells what the root and every user have', async () => {
  const iam = app.iam()
  await user('plain')
  await user('with,comma', { Path: '/team/' })
  await keysFor('with,comma')
  await iam.send(new aws.CreateLoginProfileCommand({ UserName: 'plain', Password: 'a long password' }))
  expect(await iam.send(new aws.GenerateCredentialReportCommand({}))).toMatchObject({ State: 'COMPLETE' })
  const report = await iam.send(new aws.GetCredentialReportCommand({}))
  expect(report).toMatchObject({ ReportFormat: 'text/csv', GeneratedTime: expect.any(Date) })
  const [head = '', root = '', ...users] = Buffer.from(report.Content ?? [])
    .toString()
    .split('\n')
  expect(head).toBe(
    'user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,' +
      'access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,' +
      'access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,' +
      'cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated',
  )
  const date = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00`
  expect(root).toMatch(
    new RegExp(
      `^<root_account>,arn:aws:iam::${accountId}:root,${date},not_supported,N/A,not_supported,not_supported,false,true,${date},${date},us-east-1,iam,false,`,
    ),
  )
  expect(users).toHaveLength(2)
  expect(users[0]).toMatch(
    new RegExp(`^plain,arn:aws:iam::${accountId}:user/plain,${date},true,no_information,${date},N/A,false,false,N/A,`),
  )
  expect(users[1]).toMatch(
    new RegExp(
      `^"with,comma","arn:aws:iam::${accountId}:user/team/with,comma",${date},false,N/A,N/A,N/A,false,true,${date},N/A,N/A,N/A,false,`,
    ),
  )
})

it('devices are listed of users who are there', async () => {
  await user('device')
  expect(await app.iam().send(new aws.ListMFADevicesCommand({ UserName: 'device' }))).toMatchObject({
    MFADevices: [],
    IsTruncated: false,
  })
  await expect(app.iam().send(new aws.ListMFADevicesCommand({ UserName: 'nobody' }))).rejects.toThrow(
    failure('NoSuchEntity', 'The user with name nobody cannot be found.'),
  )
  await expect(app.iam().send(new aws.GetAccountPasswordPolicyCommand({}))).rejects.toThrow(
    failure('NoSuchEntity', `The Password Policy with domain name ${accountId} cannot be found.`),
  )
})
