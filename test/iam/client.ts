/** The common part of the IAM tests: one server for a file, and short helper functions. */
import * as aws from '@aws-sdk/client-iam'
import { expect } from 'vitest'
import { accountId, type Keys, policy } from './start-app.ts'

/** A failure of AWS's client, by its code with or without `Exception`. */
export const failure = (name: string, message?: string | RegExp) =>
  expect.objectContaining({
    name: expect.stringMatching(new RegExp(`^${name}(Exception)?$`)),
    ...(message === undefined
      ? {}
      : { message: typeof message === 'string' ? message : expect.stringMatching(message) }),
  })

export const trust = policy({ Effect: 'Allow', Principal: { AWS: accountId }, Action: 'sts:AssumeRole' })

/** A policy as IAM answers with it. */
export const decode = (document: string | undefined) => JSON.parse(decodeURIComponent(document ?? ''))

export function makersOf(iam: () => aws.IAMClient) {
  return {
    user: (name: string, more: Partial<aws.CreateUserCommandInput> = {}) =>
      iam().send(new aws.CreateUserCommand({ UserName: name, ...more })),
    role: (name: string, more: Partial<aws.CreateRoleCommandInput> = {}) =>
      iam().send(new aws.CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: trust, ...more })),
    async keysFor(name: string): Promise<Keys> {
      const { AccessKey } = await iam().send(new aws.CreateAccessKeyCommand({ UserName: name }))
      return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' }
    },
  }
}

/** A signed request with these parameters, also those that no command of the client would send. */
export function commandOf(parameters: Readonly<Record<string, string>>): aws.GetAccountSummaryCommand {
  const command = new aws.GetAccountSummaryCommand({})
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body: string; headers: Record<string, string> }
      request.body = new URLSearchParams({ Version: '2010-05-08', ...parameters }).toString()
      request.headers['content-length'] = String(request.body.length)
      return next(args)
    },
    { step: 'build', priority: 'low' },
  )
  return command
}
