/** What the actions of iam.json version 1 grant, as the policies that say the same. */
import type { PolicyText } from './entity.ts'

const coarse: Readonly<Record<string, readonly string[]>> = {
  list: [
    's3:ListAllMyBuckets',
    's3:ListBucket',
    's3:ListBucketVersions',
    's3:ListBucketMultipartUploads',
    's3:GetBucketLocation',
    's3:ListMultipartUploadParts',
  ],
  read: ['s3:GetObject*'],
  write: [
    's3:PutObject',
    's3:CreateBucket',
    's3:AbortMultipartUpload',
    's3:PutObjectTagging',
    's3:PutObjectVersionTagging',
    's3:PutObjectRetention',
    's3:PutObjectLegalHold',
    's3:RenameObject',
  ],
  delete: ['s3:DeleteObject*', 's3:DeleteBucket'],
  share: ['s3:PutObjectAcl', 's3:PutObjectVersionAcl', 's3:GetBucketAcl', 's3:PutBucketAcl'],
  policy: [
    's3:GetBucket*',
    's3:PutBucket*',
    's3:DeleteBucketPolicy',
    's3:DeleteBucketWebsite',
    's3:GetLifecycleConfiguration',
    's3:PutLifecycleConfiguration',
    's3:GetEncryptionConfiguration',
    's3:PutEncryptionConfiguration',
  ],
}

/** Verbs of a user and its one key, in what AWS makes of them. */
const iamVerbs: Readonly<Record<string, readonly string[]>> = {
  'iam:list_users': ['iam:ListUsers', 'iam:GetUser', 'iam:ListAccessKeys'],
  'iam:create_user': ['iam:CreateUser', 'iam:CreateAccessKey'],
  'iam:delete_user': ['iam:DeleteUser', 'iam:DeleteAccessKey', 'iam:DeleteUserPolicy', 'iam:DetachUserPolicy'],
  'iam:rotate_key': ['iam:CreateAccessKey', 'iam:UpdateAccessKey', 'iam:DeleteAccessKey'],
  'iam:update_policy': ['iam:GetUserPolicy', 'iam:ListUserPolicies', 'iam:PutUserPolicy', 'iam:DeleteUserPolicy'],
}

/** Undefined: grants nothing, as an action that nobody knows or a bucket that no name can be. */
export function policyOfCoarse(bucket: string, actions: readonly string[]): PolicyText | undefined {
  const isEverywhere = bucket === '*'
  if (!isEverywhere && /[*?]/.test(bucket)) return undefined
  const granted = [...new Set(actions.flatMap((name) => actionsNamed(name.toLowerCase(), isEverywhere)))]
  if (granted.length === 0) return undefined
  const resource = isEverywhere ? '*' : [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`]
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: granted, Resource: resource }] }
}

/** An action of S3 stood for all of its kind. IAM is about no bucket: whoever has it has it on all. */
function actionsNamed(name: string, isEverywhere: boolean): readonly string[] {
  if (name === '*') return [isEverywhere ? '*' : 's3:*']
  if (name === 's3:*') return ['s3:*']
  if (name.startsWith('iam:'))
    return isEverywhere ? (iamVerbs[name] ?? (name === 'iam:*' ? ['iam:*', 'sts:*'] : [])) : []
  const kind = Object.hasOwn(coarse, name) ? coarse[name] : undefined
  return kind ?? kindOf(name) ?? []
}

function kindOf(action: string): readonly string[] | undefined {
  return Object.values(coarse).find((granted) =>
    granted.some((one) => {
      const pattern = one.toLowerCase()
      return pattern.endsWith('*') ? action.startsWith(pattern.slice(0, -1)) : action === pattern
    }),
  )
}
