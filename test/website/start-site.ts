/** A server in memory, with buckets that are websites, and visitors who name them by Host. */
import * as aws from '@aws-sdk/client-s3'
import { startMyFSIO } from '../../src/embed.ts'
import { type Asked, type Visited, visit } from './ask.ts'

export interface TestSite {
  readonly port: number
  readonly client: aws.S3Client
  /** `where`: a bucket, requested at its host below localhost, or a whole host. */
  visit(where: string, path?: string, asked?: Asked): Promise<Visited>
  /** Makes a bucket a website that everybody may read. */
  publish(bucket: string, website: aws.WebsiteConfiguration, pages?: Readonly<Record<string, string>>): Promise<void>
  close(): Promise<void>
}

export const servedBy = (Suffix: string, more: aws.WebsiteConfiguration = {}): aws.WebsiteConfiguration => ({
  IndexDocument: { Suffix },
  ...more,
})

export async function startSite(settings: Readonly<Record<string, string>> = {}): Promise<TestSite> {
  const server = await startMyFSIO({ settings })
  const { endpoint, region, credentials } = server
  const client = new aws.S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 })
  const port = Number(new URL(endpoint).port)
  return {
    port,
    client,
    visit: (where, path = '/', asked = {}) =>
      visit(port, where.includes('.') ? where : `${where}.s3-website.localhost:${port}`, path, asked),
    async publish(Bucket, WebsiteConfiguration, pages = {}) {
      await client.send(new aws.CreateBucketCommand({ Bucket }))
      await client.send(new aws.PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration }))
      await client.send(new aws.PutBucketPolicyCommand({ Bucket, Policy: readable(Bucket) }))
      for (const [Key, Body] of Object.entries(pages)) {
        const ContentType = Key.endsWith('.html') ? 'text/html' : 'text/plain'
        await client.send(new aws.PutObjectCommand({ Bucket, Key, Body, ContentType }))
      }
    },
    async close() {
      client.destroy()
      await server.close()
    },
  }
}

/** A policy that lets everybody read. */
export function readable(bucket: string, keys = '*', Action = 's3:GetObject'): string {
  const Resource = Action === 's3:ListBucket' ? `arn:aws:s3:::${bucket}` : `arn:aws:s3:::${bucket}/${keys}`
  return JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: '*', Action, Resource }] })
}
