/**
 * IAM and STS through @aws-sdk/client-iam and client-sts: a user in a group, its key, a role with a boundary, and a
 * session of it.
 */
import * as iam from '@aws-sdk/client-iam'
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3'
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { Account } from './client.ts'

const name = 'trip-sdk'
const UserName = `${name}-user`
const GroupName = `${name}-group`
const RoleName = `${name}-role`
const PolicyName = 'inline'
const readOnly = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess'
const document = (statement: object) => JSON.stringify({ Version: '2012-10-17', Statement: [statement] })

export async function identityWithAwsSdk({ url, accessKey, secretKey }: Account): Promise<void> {
  const common = { endpoint: url.origin, region: 'us-east-1' }
  const admin = new iam.IAMClient({ ...common, credentials: { accessKeyId: accessKey, secretAccessKey: secretKey } })
  const { User } = await admin.send(new iam.CreateUserCommand({ UserName, Path: '/trip/' }))
  await admin.send(new iam.CreateGroupCommand({ GroupName }))
  await admin.send(new iam.AddUserToGroupCommand({ UserName, GroupName }))
  const PolicyDocument = document({ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' })
  await admin.send(new iam.PutGroupPolicyCommand({ GroupName, PolicyName, PolicyDocument }))
  const { AccessKey } = await admin.send(new iam.CreateAccessKeyCommand({ UserName }))
  const AccessKeyId = AccessKey?.AccessKeyId ?? ''
  const trust = document({ Effect: 'Allow', Principal: { AWS: User?.Arn }, Action: 'sts:AssumeRole' })
  const made = { RoleName, AssumeRolePolicyDocument: trust, PermissionsBoundary: readOnly }
  const { Role } = await admin.send(new iam.CreateRoleCommand(made))
  await admin.send(new iam.AttachRolePolicyCommand({ RoleName, PolicyArn: readOnly }))

  const credentials = { accessKeyId: AccessKeyId, secretAccessKey: AccessKey?.SecretAccessKey ?? '' }
  const sts = new STSClient({ ...common, credentials })
  const { Arn } = await sts.send(new GetCallerIdentityCommand({}))
  if (Arn !== User?.Arn) throw new Error(`GetCallerIdentity said ${Arn}`)
  const assumed = await sts.send(new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: 'trip' }))
  const { AccessKeyId: id = '', SecretAccessKey: secret = '', SessionToken = '' } = assumed.Credentials ?? {}
  const session = { accessKeyId: id, secretAccessKey: secret, sessionToken: SessionToken }
  const s3 = new S3Client({ ...common, forcePathStyle: true, credentials: session })
  await s3.send(new ListBucketsCommand({}))

  await admin.send(new iam.DetachRolePolicyCommand({ RoleName, PolicyArn: readOnly }))
  await admin.send(new iam.DeleteRoleCommand({ RoleName }))
  await admin.send(new iam.DeleteAccessKeyCommand({ UserName, AccessKeyId }))
  await admin.send(new iam.DeleteGroupPolicyCommand({ GroupName, PolicyName }))
  await admin.send(new iam.RemoveUserFromGroupCommand({ UserName, GroupName }))
  await admin.send(new iam.DeleteGroupCommand({ GroupName }))
  await admin.send(new iam.DeleteUserCommand({ UserName }))
  const gone = await admin.send(new iam.GetUserCommand({ UserName })).catch((error: Error) => error.name)
  if (gone !== 'NoSuchEntityException') throw new Error('the user is still there')
}
