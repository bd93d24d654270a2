/** How to connect, with this server's values, ready to copy. The secret is never included. */
export interface Snippet {
  readonly id: string
  readonly name: string
  readonly text: string
}

export interface SnippetValues {
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly bucket: string
}

export function snippets({ endpoint, region, accessKeyId, bucket }: SnippetValues): Snippet[] {
  return [
    {
      id: 'aws',
      name: 'AWS CLI',
      text: `export AWS_ACCESS_KEY_ID=${accessKeyId}
export AWS_SECRET_ACCESS_KEY=<your secret>
export AWS_DEFAULT_REGION=${region}
export AWS_ENDPOINT_URL=${endpoint}

aws s3 ls s3://${bucket}
aws s3 cp picture.jpg s3://${bucket}/`,
    },
    {
      id: 'javascript',
      name: 'JavaScript',
      text: `import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'

const s3 = new S3Client({
  endpoint: '${endpoint}',
  region: '${region}',
  forcePathStyle: true,
  credentials: { accessKeyId: '${accessKeyId}', secretAccessKey: '<your secret>' },
})
await s3.send(new PutObjectCommand({ Bucket: '${bucket}', Key: 'hello.txt', Body: 'hello' }))`,
    },
    {
      id: 'python',
      name: 'Python',
      text: `import boto3

s3 = boto3.client(
    "s3",
    endpoint_url="${endpoint}",
    region_name="${region}",
    aws_access_key_id="${accessKeyId}",
    aws_secret_access_key="<your secret>",
)
s3.put_object(Bucket="${bucket}", Key="hello.txt", Body=b"hello")`,
    },
    {
      id: 'rclone',
      name: 'rclone',
      text: `rclone config create myfsio s3 provider=Other \\
  endpoint=${endpoint} region=${region} \\
  access_key_id=${accessKeyId} secret_access_key=<your secret>

rclone sync ./folder myfsio:${bucket}/folder --progress`,
    },
    {
      id: 'curl',
      name: 'curl',
      text: `curl --aws-sigv4 aws:amz:${region}:s3 --user ${accessKeyId}:<your secret> \\
  --upload-file picture.jpg ${endpoint}/${bucket}/picture.jpg`,
    },
    {
      id: 'presigned',
      name: 'Presigned link',
      text: `aws s3 presign s3://${bucket}/picture.jpg --expires-in 3600 \\
  --endpoint-url ${endpoint} --region ${region}`,
    },
  ]
}
