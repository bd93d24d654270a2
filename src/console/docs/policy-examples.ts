/** Example bucket policies. PutBucketPolicy accepts each of them unchanged. */
export interface PolicyExample {
  readonly title: string
  readonly text: string
}

/** `someone`: the ARN of an existing user, since a policy cannot name a missing one. */
export function policyExamples(bucket: string, someone: string): PolicyExample[] {
  const arn = `arn:aws:s3:::${bucket}`
  const policy = (statement: object) => JSON.stringify({ Version: '2012-10-17', Statement: [statement] }, null, 2)
  return [
    {
      title: 'Anyone may read objects under public/',
      text: policy({
        Sid: 'PublicFolder',
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:GetObject',
        Resource: `${arn}/public/*`,
      }),
    },
    {
      title: 'Another account may list and read',
      text: policy({
        Sid: 'Partner',
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::111111111111:root' },
        Action: ['s3:ListBucket', 's3:GetObject'],
        Resource: [arn, `${arn}/*`],
      }),
    },
    {
      title: 'One user may upload into inbox/',
      text: policy({
        Sid: 'Inbox',
        Effect: 'Allow',
        Principal: { AWS: someone },
        Action: 's3:PutObject',
        Resource: `${arn}/inbox/*`,
      }),
    },
    {
      title: 'Deletion is denied to everyone',
      text: policy({
        Sid: 'KeepAll',
        Effect: 'Deny',
        Principal: '*',
        Action: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
        Resource: `${arn}/*`,
      }),
    },
  ]
}
