/** Settings of a bucket through aws-cli and boto3: each put, read, and read again. */
import { fileURLToPath } from 'node:url'
import { type Account, awsEnvironment, command } from './client.ts'
import { expectEqual } from './round-trip.ts'

const script = fileURLToPath(new URL('./boto3_settings.py', import.meta.url))

export async function settingsWithAwsCli(account: Account, bucket: string): Promise<void> {
  const aws = (...parameters: string[]) => command('aws', parameters, awsEnvironment(account))
  const settle = async (name: string, put: readonly string[], query: string, wanted: string) => {
    await aws('s3api', `put-bucket-${name}`, '--bucket', bucket, ...put)
    for (let times = 0; times < 2; times++) {
      const read = ['s3api', `get-bucket-${name}`, '--bucket', bucket, '--query', query, '--output', 'text']
      expectEqual(name, (await aws(...read)).trim(), wanted)
    }
  }
  await aws('s3', 'website', `s3://${bucket}`, '--index-document', 'index.html', '--error-document', 'error.html')
  const website = JSON.stringify({
    IndexDocument: { Suffix: 'home.html' },
    RoutingRules: [{ Condition: { KeyPrefixEquals: 'old/' }, Redirect: { ReplaceKeyPrefixWith: '' } }],
  })
  const paths = '[IndexDocument.Suffix, RoutingRules[0].Condition.KeyPrefixEquals]'
  await settle('website', ['--website-configuration', website], paths, 'home.html\told/')
  await aws('s3api', 'delete-bucket-website', '--bucket', bucket)
  for (const payer of ['Requester', 'BucketOwner']) {
    await settle('request-payment', ['--request-payment-configuration', `Payer=${payer}`], 'Payer', payer)
  }
  const acceleration = ['--accelerate-configuration', 'Status=Suspended']
  await settle('accelerate-configuration', acceleration, 'Status', 'Suspended')
  for (const status of ['Enabled', 'Disabled']) {
    await settle('abac', ['--abac-status', `Status=${status}`], 'AbacStatus.Status', status)
  }
}

export async function settingsWithBoto3(account: Account, bucket: string): Promise<void> {
  await command('python3', [script, bucket], { ...awsEnvironment(account), PYTHONDONTWRITEBYTECODE: '1' })
}
