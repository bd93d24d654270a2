import { fileURLToPath } from 'node:url'
import { type Account, awsEnvironment, type Client, command, findFirstLine } from '../client.ts'
import { identityWithBoto3 } from '../identity.ts'
import { keysWithBoto3 } from '../kms.ts'
import { settingsWithBoto3 } from '../settings.ts'

const script = fileURLToPath(new URL('./boto3_steps.py', import.meta.url))

export function boto3(account: Account): Client {
  const environment = { ...awsEnvironment(account), PYTHONDONTWRITEBYTECODE: '1' }
  const step = (...parameters: string[]) => command('python3', [script, ...parameters], environment)
  return {
    name: 'boto3',
    findVersion: () => findFirstLine('python3', ['-c', 'import boto3; print("boto3", boto3.__version__)']),
    createBucket: async (bucket) => {
      await step('create', bucket)
    },
    syncUp: async (folder, bucket) => {
      await step('up', folder, bucket)
    },
    syncDown: async (bucket, folder) => {
      await step('down', bucket, folder)
    },
    presign: async (bucket, key) => (await step('presign', bucket, key)).trim(),
    listKeys: async (bucket) => JSON.parse(await step('list', bucket)) as string[],
    manageIdentities: () => identityWithBoto3(account),
    furtherSteps: (bucket) => [['puts settings and reads them', () => settingsWithBoto3(account, bucket)]],
    manageKeys: () => keysWithBoto3(account),
    deleteBucket: async (bucket) => {
      await step('delete', bucket)
    },
  }
}
