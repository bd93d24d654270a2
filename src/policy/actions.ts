/** The actions of S3 that are served, and the coarse action of iam.json that grants each. */
export type CoarseAction = 'list' | 'read' | 'write' | 'delete' | 'share' | 'policy'

const table: Readonly<Record<CoarseAction, readonly string[]>> = {
  list: [
    's3:ListAllMyBuckets',
    's3:ListBucket',
    's3:ListBucketVersions',
    's3:ListBucketMultipartUploads',
    's3:GetBucketLocation',
    's3:ListMultipartUploadParts',
  ],
  read: [
    's3:GetObject',
    's3:GetObjectVersion',
    's3:GetObjectAttributes',
    's3:GetObjectVersionAttributes',
    's3:GetObjectTagging',
    's3:GetObjectVersionTagging',
    's3:GetObjectAcl',
    's3:GetObjectVersionAcl',
  ],
  write: ['s3:PutObject', 's3:CreateBucket', 's3:AbortMultipartUpload', 's3:PutObjectTagging', 's3:RenameObject'],
  delete: ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:DeleteBucket', 's3:DeleteObjectTagging'],
  share: ['s3:PutObjectAcl', 's3:PutObjectVersionAcl', 's3:GetBucketAcl', 's3:PutBucketAcl'],
  policy: [
    's3:GetBucketPolicy',
    's3:PutBucketPolicy',
    's3:DeleteBucketPolicy',
    's3:GetBucketPolicyStatus',
    's3:GetBucketOwnershipControls',
    's3:PutBucketOwnershipControls',
    's3:GetBucketPublicAccessBlock',
    's3:PutBucketPublicAccessBlock',
    's3:GetBucketVersioning',
    's3:PutBucketVersioning',
  ],
}

/** Upper-case-insensitive, as IAM compares actions. */
export const coarseActionOf: ReadonlyMap<string, CoarseAction> = new Map(
  Object.entries(table).flatMap(([coarse, actions]) =>
    actions.map((action) => [action.toLowerCase(), coarse as CoarseAction] as const),
  ),
)

/** The coarse action that a name in iam.json stands for: itself, or an AWS action as an alias. Undefined: grants nothing. */
export function coarseActionNamed(name: string): CoarseAction | 'everything' | undefined {
  const lower = name.toLowerCase()
  if (lower === '*' || lower === 's3:*') return 'everything'
  if (Object.hasOwn(table, lower)) return lower as CoarseAction
  return coarseActionOf.get(lower)
}
