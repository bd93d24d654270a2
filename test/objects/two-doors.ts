/** S3 and the console over the same services: what one writes, the other shows, and both refuse the same. */
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { bucketVisits } from '../console/bucket-visits.ts'
import { startTestConsole } from '../console/start-console.ts'

export type TwoDoors = Awaited<ReturnType<typeof openTwoDoors>>

/** Both are used by `admin`, who may do anything that no bucket policy denies. */
export async function openTwoDoors(env: Readonly<Record<string, string>> = {}) {
  const site = await startTestConsole(env)
  const endpoint = await site.serveApi()
  const s3 = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'admin', secretAccessKey: 'admin-secret' },
  })
  const admin = await site.signIn()
  return {
    site,
    s3,
    admin,
    store: site.store,
    close: async () => {
      s3.destroy()
      await site.close()
    },
  }
}

/** A bucket for a test, and the actions on it. */
export async function openBucket({ site, s3, admin, store }: TwoDoors, Bucket: string) {
  await s3.send(new CreateBucketCommand({ Bucket }))
  const { put, at } = bucketVisits(Bucket, () => admin)
  const deny = (Action: string | string[], Condition: object = {}) =>
    site.policies.put(
      Bucket,
      JSON.stringify({
        Version: '2012-10-17',
        Statement: { Effect: 'Deny', Principal: '*', Action, Resource: `arn:aws:s3:::${Bucket}/*`, Condition },
      }),
    )
  return {
    Bucket,
    at,
    deny,
    allow: () => site.policies.remove(Bucket),
    put,
    version: (key: string) => store.findVersion(Bucket, key, undefined),
    /** Like the console's page for copy, move or rename; returns the message of the first failure. */
    async copyInConsole(key: string, targetKey: string, { isMove = false, targetBucket = Bucket } = {}) {
      const asked = { sources: [{ key }], base: key, targetBucket, target: targetKey, isMove, isReplace: true }
      const { body } = await admin.json('post', `/ui/buckets/${Bucket}/copy`, asked)
      return (body.failed?.[0]?.message ?? 'done') as string
    },
  }
}

/** The message of a refusal by S3, without what only this request has. */
export const messageOf = (sent: Promise<unknown>): Promise<string> =>
  sent.then(
    () => 'done',
    (error: Error) => error.message,
  )
