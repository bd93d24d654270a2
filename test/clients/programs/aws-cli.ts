import { randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Account, awsEnvironment, type Client, command, findFirstLine } from '../client.ts'
import { identityWithAwsCli } from '../identity.ts'
import { keysWithAwsCli } from '../kms.ts'
import { expectEqual, sameAgain } from '../round-trip.ts'
import { settingsWithAwsCli } from '../settings.ts'

export function awsCli(account: Account): Client {
  const aws = (...parameters: string[]) => command('aws', parameters, awsEnvironment(account))
  return {
    name: 'aws-cli',
    findVersion: () => findFirstLine('aws', ['--version']),
    createBucket: async (bucket) => {
      await aws('s3', 'mb', `s3://${bucket}`)
    },
    syncUp: async (folder, bucket) => {
      await aws('s3', 'sync', '--only-show-errors', '--delete', folder, `s3://${bucket}`)
    },
    syncDown: async (bucket, folder) => {
      await aws('s3', 'sync', '--only-show-errors', '--delete', `s3://${bucket}`, folder)
    },
    presign: async (bucket, key) => (await aws('s3', 'presign', `s3://${bucket}/${key}`)).trim(),
    listKeys: async (bucket) => {
      const listed = await aws('s3api', 'list-objects-v2', '--bucket', bucket, '--output', 'json')
      const page = JSON.parse(listed === '' ? '{}' : listed) as { Contents?: { Key: string }[] }
      return (page.Contents ?? []).map((object) => object.Key)
    },
    furtherSteps: (bucket, source) => [
      ['puts settings and reads them', () => settingsWithAwsCli(account, bucket)],
      [
        'encrypts with a KMS key',
        () => aws('s3', 'cp', '--sse', 'aws:kms', join(source, 'plain.txt'), `s3://${bucket}/kms`),
      ],
      [
        'reads back what is encrypted, and how',
        async () => {
          const { ServerSideEncryption: method } = JSON.parse(
            await aws('s3api', 'head-object', '--bucket', bucket, '--key', 'kms', '--output', 'json'),
          ) as { ServerSideEncryption: string }
          expectEqual('the method', method, 'aws:kms')
          await sameAgain(source, 'plain.txt', (path) => aws('s3', 'cp', `s3://${bucket}/kms`, path))
        },
      ],
      [
        'encrypts parts with a key of its own, and reads them back with it',
        async () => {
          const key = join(source, '..', `sse-c-${process.pid}`)
          await writeFile(key, randomBytes(32))
          const own = ['--sse-c', 'AES256', '--sse-c-key', `fileb://${key}`]
          try {
            await aws('s3', 'cp', ...own, join(source, 'large.bin'), `s3://${bucket}/own`)
            await sameAgain(source, 'large.bin', (path) => aws('s3', 'cp', ...own, `s3://${bucket}/own`, path))
          } finally {
            await rm(key)
          }
        },
      ],
    ],
    manageIdentities: () => identityWithAwsCli(account),
    manageKeys: () => keysWithAwsCli(account),
    deleteBucket: async (bucket) => {
      await aws('s3', 'rb', '--force', `s3://${bucket}`)
    },
  }
}
