/** Renaming or moving an identity needs the permission on its old and its new ARN. */
import * as aws from '@aws-sdk/client-iam'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accountId, allow, type Keys, keysOf, policy, startApp, type TestApp, testDocument } from './start-app.ts'

const self = keysOf('KEYOFTHEUSERSELFOK01')
const mover = keysOf('KEYOFTHEUSERMOVER002')
const guarded = keysOf('KEYOFTHEUSERGUARD003')
const text = (...statements: object[]) => JSON.parse(policy(...statements))
const key = ({ accessKeyId, secretAccessKey }: Keys) => ({ id: accessKeyId, secret: secretAccessKey })
const arn = (place: string) => `arn:aws:iam::${accountId}:${place}`
const update = ['iam:UpdateUser', 'iam:UpdateGroup']

const [one, two] = testDocument.accounts
const document = {
  version: 2,
  accounts: [
    {
      ...one,
      users: [
        { name: 'self', keys: [key(self)], inline: { own: text(allow(update, arn(`user/\${aws:username}`))) } },
        {
          name: 'mover',
          keys: [key(mover)],
          inline: { own: text(allow(update, [arn('user/a/*'), arn('user/b/*'), arn('group/a/*'), arn('group/b/*')])) },
        },
        {
          name: 'guarded',
          keys: [key(guarded)],
          inline: {
            own: text(allow(update), {
              Effect: 'Deny',
              Action: 'iam:*',
              Resource: [arn('user/admin/*'), arn('group/admin/*')],
            }),
          },
        },
        { name: 'moved', path: '/a/' },
      ],
      groups: [{ name: 'moved', path: '/a/' }],
    },
    two,
  ],
}

let app: TestApp
beforeAll(async () => {
  app = await startApp({ document })
})
afterAll(() => app.close())

const denied = (place: string) =>
  expect.objectContaining({ name: 'AccessDenied', message: expect.stringContaining(`on resource: ${arn(place)}`) })

describe.each([
  [
    'user',
    (UserName: string, to: { name?: string; path?: string }) =>
      new aws.UpdateUserCommand({ UserName, NewUserName: to.name, NewPath: to.path }),
  ],
  [
    'group',
    (GroupName: string, to: { name?: string; path?: string }) =>
      new aws.UpdateGroupCommand({ GroupName, NewGroupName: to.name, NewPath: to.path }),
  ],
] as const)('a %s', (noun, command) => {
  const send = (keys: Keys, name: string, to: { name?: string; path?: string }) =>
    app.iam(keys).send(command(name, to) as aws.UpdateUserCommand)

  it('is not renamed to what its renamer may not touch', async () => {
    await expect(send(guarded, 'moved', { path: '/admin/' })).rejects.toThrow(denied(`${noun}/admin/moved`))
    await expect(send(guarded, 'moved', { name: 'x', path: '/admin/y/' })).rejects.toThrow(denied(`${noun}/admin/y/x`))
    await expect(send(mover, 'moved', { path: '/c/' })).rejects.toThrow(denied(`${noun}/c/moved`))
  })

  it('is renamed and moved by those who may on both sides', async () => {
    await send(mover, 'moved', { path: '/b/' })
    await send(mover, 'moved', { name: 'again', path: '/a/' })
    await send(mover, 'AGAIN', { name: 'moved' })
    await expect(send(mover, 'self', { path: '/a/' })).rejects.toThrow(denied(`${noun}/self`))
  })
})

it('a user who may change herself takes nobody else’s name', async () => {
  const rename = new aws.UpdateUserCommand({ UserName: 'self', NewUserName: 'another' })
  await expect(app.iam(self).send(rename)).rejects.toThrow(denied('user/another'))
  await app.iam(self).send(new aws.UpdateUserCommand({ UserName: 'self' }))
})
