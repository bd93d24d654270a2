/** The common part of the STS tests: short functions to get a session and to use it. */
import { CreateBucketCommand, GetObjectCommand, ListBucketsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import * as aws from '@aws-sdk/client-sts'
import { accountId, type Keys, startApp, type TestApp } from '../iam/start-app.ts'
import { carol, document } from './document.ts'

/** With an object in a bucket of carol's account. */
export async function startWithObject(): Promise<TestApp> {
  const app = await startApp({ document })
  const s3 = app.s3(carol)
  await s3.send(new CreateBucketCommand({ Bucket: 'docs' }))
  await s3.send(new PutObjectCommand({ Bucket: 'docs', Key: 'a', Body: 'content' }))
  return app
}

export const keysIn = (credentials: aws.Credentials | undefined): Keys => ({
  accessKeyId: credentials?.AccessKeyId ?? '',
  secretAccessKey: credentials?.SecretAccessKey ?? '',
  sessionToken: credentials?.SessionToken ?? '',
})

export function askersOf(app: () => TestApp) {
  return {
    assume: (keys: Keys, name: string, more: Partial<aws.AssumeRoleCommandInput> = {}) =>
      app()
        .sts(keys)
        .send(
          new aws.AssumeRoleCommand({
            RoleArn: `arn:aws:iam::${accountId}:role/${name}`,
            RoleSessionName: 'session',
            ...more,
          }),
        ),
    whoIs: (keys: Keys) => app().sts(keys).send(new aws.GetCallerIdentityCommand({})),
    list: (keys: Keys) => app().s3(keys).send(new ListBucketsCommand({})),
    read: (keys: Keys) =>
      app()
        .s3(keys)
        .send(new GetObjectCommand({ Bucket: 'docs', Key: 'a' })),
  }
}
