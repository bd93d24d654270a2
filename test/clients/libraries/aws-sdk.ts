import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { Account, Client } from '../client.ts'
import { identityWithAwsSdk } from '../identity-sdk.ts'
import { listTree } from '../tree.ts'

/** @aws-sdk/client-s3 of this package, with streams and its upload manager. */
export function awsSdk(account: Account): Client {
  const { accessKey: accessKeyId, secretKey: secretAccessKey, url } = account
  const credentials = { accessKeyId, secretAccessKey }
  const client = new S3Client({ endpoint: url.origin, region: 'us-east-1', forcePathStyle: true, credentials })
  const listKeys = async (Bucket: string) => {
    const keys: string[] = []
    for await (const page of paginateListObjectsV2({ client, pageSize: 5 }, { Bucket })) {
      keys.push(...(page.Contents ?? []).flatMap(({ Key }) => Key ?? []))
    }
    return keys
  }
  return {
    name: 'aws-sdk',
    findVersion: async () => `@aws-sdk/client-s3 on Node ${process.version}`,
    createBucket: async (Bucket) => {
      await client.send(new CreateBucketCommand({ Bucket }))
    },
    syncUp: async (folder, Bucket) => {
      for (const Key of await listTree(folder)) {
        await new Upload({ client, params: { Bucket, Key, Body: createReadStream(join(folder, Key)) } }).done()
      }
    },
    syncDown: async (Bucket, folder) => {
      for (const Key of await listKeys(Bucket)) {
        await mkdir(dirname(join(folder, Key)), { recursive: true })
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
        await pipeline(Body as Readable, createWriteStream(join(folder, Key)))
      }
    },
    presign: (Bucket, Key) => getSignedUrl(client, new GetObjectCommand({ Bucket, Key })),
    listKeys,
    manageIdentities: () => identityWithAwsSdk(account),
    deleteBucket: async (Bucket) => {
      const Objects = (await listKeys(Bucket)).map((Key) => ({ Key }))
      const { Errors } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
      if (Errors !== undefined) throw new Error(JSON.stringify(Errors))
      await client.send(new DeleteBucketCommand({ Bucket }))
    },
  }
}
