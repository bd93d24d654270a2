import { CreateUserCommand, GetUserCommand, ListUsersCommand } from '@aws-sdk/client-iam'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApp, type TestApp } from './start-app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

describe('users', () => {
  it('are created', async () => {
    const iam = app.iam()
    const made = await iam.send(
      new CreateUserCommand({ UserName: 'alice', Path: '/team/', Tags: [{ Key: 'a', Value: 'b' }] }),
    )
    console.log(made)
    console.log(await iam.send(new GetUserCommand({})))
    console.log(await iam.send(new GetUserCommand({ UserName: 'ALICE' })))
    console.log(await iam.send(new ListUsersCommand({})))
  })
})
