import { type Account, awsEnvironment, type Client, command, findFirstLine } from './client.ts'
import { identityWithAwsCli } from './identity.ts'
import { settingsWithAwsCli } from './settings.ts'

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
    manageIdentities: () => identityWithAwsCli(account),
    furtherSteps: (bucket) => [['puts settings and reads them', () => settingsWithAwsCli(account, bucket)]],
    deleteBucket: async (bucket) => {
      await aws('s3', 'rb', '--force', `s3://${bucket}`)
    },
  }
}
