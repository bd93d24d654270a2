/** IAM and STS through aws-cli and boto3: a user, its key, a policy, a role, and a session that lists buckets. */
import { fileURLToPath } from 'node:url'
import { type Account, awsEnvironment, command } from './client.ts'

const script = fileURLToPath(new URL('./boto3_identity.py', import.meta.url))

const everything = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: ['sts:*', 's3:List*'], Resource: '*' }],
}

export async function identityWithAwsCli(account: Account): Promise<void> {
  const as = (keys: Partial<Account> & { token?: string }) => {
    const environment = awsEnvironment({ ...account, ...keys })
    const more = keys.token === undefined ? {} : { AWS_SESSION_TOKEN: keys.token }
    return async (...parameters: string[]) => {
      const said = await command('aws', [...parameters, '--output', 'json'], { ...environment, ...more })
      return said === '' ? {} : JSON.parse(said)
    }
  }
  const admin = as({})
  const name = 'trip-user'
  await admin('iam', 'create-user', '--user-name', name, '--path', '/trip/')
  const { AccessKey } = await admin('iam', 'create-access-key', '--user-name', name)
  const document = JSON.stringify(everything)
  await admin('iam', 'put-user-policy', '--user-name', name, '--policy-name', 'p', '--policy-document', document)
  const user = as({ accessKey: AccessKey.AccessKeyId, secretKey: AccessKey.SecretAccessKey })
  const { Arn, Account: id } = await user('sts', 'get-caller-identity')
  if (Arn !== `arn:aws:iam::${id}:user/trip/${name}`) throw new Error(`get-caller-identity said ${Arn}`)
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: id }, Action: 'sts:AssumeRole' }],
  }
  const role = ['--role-name', 'trip-role']
  await admin('iam', 'create-role', ...role, '--assume-role-policy-document', JSON.stringify(trust))
  const readOnly = ['--policy-arn', 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess']
  await admin('iam', 'attach-role-policy', ...role, ...readOnly)
  const assumed = await user(
    'sts',
    'assume-role',
    '--role-arn',
    `arn:aws:iam::${id}:role/trip-role`,
    '--role-session-name',
    'trip',
  )
  const { AccessKeyId: accessKey, SecretAccessKey: secretKey, SessionToken: token } = assumed.Credentials
  await as({ accessKey, secretKey, token })('s3api', 'list-buckets')
  await admin('iam', 'detach-role-policy', ...role, ...readOnly)
  await admin('iam', 'delete-role', ...role)
  await admin('iam', 'delete-user-policy', '--user-name', name, '--policy-name', 'p')
  await admin('iam', 'delete-access-key', '--user-name', name, '--access-key-id', AccessKey.AccessKeyId)
  await admin('iam', 'delete-user', '--user-name', name)
}

export async function identityWithBoto3(account: Account): Promise<void> {
  await command('python3', [script], { ...awsEnvironment(account), PYTHONDONTWRITEBYTECODE: '1' })
}
