/** Requests through a real S3 endpoint, as the console shows them. */
import { execFileSync } from 'node:child_process'
import http from 'node:http'
import { CreateLoginProfileCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam'
import { CreateKeyCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { awsLine, curlLine, sdkCode } from '#console/activity/command-lines.ts'
import { showDocument } from '#console/activity/shown-document.ts'
import { startTestConsole, type TestConsole } from './start-console.ts'

let site: TestConsole
let endpoint: string

beforeAll(async () => {
  site = await startTestConsole()
  endpoint = await site.serveApi()
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

const client = (name: string, secretAccessKey = `${name}-secret`) =>
  new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: name, secretAccessKey },
  })

describe('activity', () => {
  it('is shown to administrators: the list, one request without its secrets, and how to ask again', async () => {
    const visitor = await site.signIn()
    expect((await visitor.get('/ui/activity')).text).toContain('No requests')
    const s3 = client('admin')
    await s3.send(new CreateBucketCommand({ Bucket: 'open' }))
    const Key = "it's <b>.txt"
    await s3.send(new PutObjectCommand({ Bucket: 'open', Key, Body: 'hello' }))
    const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket: 'open', Key }))
    expect((await fetch(url)).status).toBe(200)
    const { text } = await visitor.get('/ui/activity')
    expect(text).toContain('open/it&#39;s &lt;b&gt;.txt')
    expect(text).not.toContain('<b>.txt')
    const href = /href="(\/ui\/activity\/[0-9A-F]+)"[^>]*>GetObject/.exec(text)?.[1] ?? ''
    const one = (await visitor.get(href)).text
    const signature = new URL(url).searchParams.get('X-Amz-Signature') ?? ''
    expect(one).toContain('X-Amz-Signature=********')
    expect(one).not.toContain(signature)
    expect(one).toContain('aws s3api get-object')
    expect(one).toContain('--user')
  })

  it('leads from a refused request to its explanation, and tells what was not proven', async () => {
    await expect(client('reader').send(new PutObjectCommand({ Bucket: 'open', Key: 'x', Body: 'x' }))).rejects.toThrow()
    await expect(
      client('admin', 'wrong').send(new PutObjectCommand({ Bucket: 'open', Key: 'x', Body: 'x' })),
    ).rejects.toThrow()
    const visitor = await site.signIn()
    const { text } = await visitor.get('/ui/activity?principal=reader&status=4xx')
    expect(text).toContain('AccessDenied')
    const href = /href="(\/ui\/activity\/[0-9A-F]+)"/.exec(text)?.[1] ?? ''
    const link = /href="(\/ui\/denials\?decision=\w+)"/.exec((await visitor.get(href)).text)?.[1] ?? ''
    const denial = (await visitor.get(link)).text
    expect(denial).toContain('s3:PutObject')
    expect(denial.match(/<details/g)).toHaveLength(1)
    const wrong = (await visitor.get('/ui/activity?status=errors&principal=admin')).text
    expect(wrong).toContain('SignatureDoesNotMatch')
    expect(wrong).toContain('not verified')
  })

  it('shows an upload that was broken off as a failure, and counts none of its bytes', async () => {
    const { port } = new URL(endpoint)
    const headers = { 'x-access-key': 'admin', 'x-secret-key': 'admin-secret', 'content-length': 1_000_000 }
    const upload = http.request({ port, method: 'PUT', path: '/open/gone', headers }).on('error', () => {})
    await new Promise((resolve) => upload.write('x'.repeat(100_000), resolve))
    upload.destroy()
    const visitor = await site.signIn()
    const list = async () => (await visitor.get('/ui/activity?operation=PutObject&status=4xx')).text
    await expect.poll(list).toMatch(/open\/gone/)
    expect(await list()).toContain('IncompleteBody')
  })

  it('keeps what a request to KMS encrypts out of the record', async () => {
    const credentials = { accessKeyId: 'admin', secretAccessKey: 'admin-secret' }
    const kms = new KMSClient({ endpoint, region: 'us-east-1', maxAttempts: 1, credentials })
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Description: 'of the record' }))
    const Plaintext = Buffer.from('never to be recorded')
    await kms.send(new EncryptCommand({ KeyId: KeyMetadata?.KeyId, Plaintext, EncryptionContext: { a: 'shown' } }))
    const visitor = await site.signIn()
    const { text } = await visitor.get('/ui/activity?operation=kms:Encrypt')
    const one = (await visitor.get(/href="(\/ui\/activity\/[\w-]+)"/.exec(text)?.[1] ?? '')).text
    expect(one).toContain('kms:Encrypt')
    expect(one).toContain('shown')
    expect(one).not.toContain(Plaintext.toString('base64'))
  })

  it('shows the document that came as the body as a tree', async () => {
    const Delete = { Objects: [{ Key: 'a<b>' }, { Key: 'c' }] }
    await client('admin').send(new DeleteObjectsCommand({ Bucket: 'open', Delete }))
    const visitor = await site.signIn()
    const { text } = await visitor.get('/ui/activity?operation=DeleteObjects')
    const one = (await visitor.get(/href="(\/ui\/activity\/[0-9A-F]+)"/.exec(text)?.[1] ?? '')).text
    expect(one).toMatch(
      /<summary><span class="code-key">Object<\/span><\/summary>\s*<div class="json-leaf"><span class="code-key">Key<\/span>: <span class="code-string">a&lt;b&gt;/,
    )
    expect(one).toMatch(/<dt>Signature<\/dt><dd><span class="badge good">Valid/)
    expect(one).toContain('DeleteObjects')
  })

  const open = async (filter: string, name: 'admin' | 'other' = 'admin') => {
    const visitor = await site.signIn(name)
    const { text } = await visitor.get(`/ui/activity?${filter}`)
    return (await visitor.get(/href="(\/ui\/activity\/[0-9A-Fa-f-]+)"/.exec(text)?.[1] ?? '')).text
  }

  it('says why a request was allowed, statement by statement', async () => {
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'Hosts',
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:GetObject',
          Resource: 'arn:aws:s3:::open/*',
          Condition: { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } },
        },
        {
          Sid: 'Everyone',
          Effect: 'Allow',
          Principal: '*',
          Action: 's3:GetObject',
          Resource: 'arn:aws:s3:::open/public/*',
        },
      ],
    })
    await client('admin').send(new PutObjectCommand({ Bucket: 'open', Key: 'public/a', Body: 'a' }))
    await site.policies.put('open', Policy, { blocksPublic: false })
    expect((await fetch(`${endpoint}/open/public/a`)).status).toBe(200)
    const one = await open('operation=GetObject&principal=anonymous&status=2xx')
    expect(one).toContain('Allowed by the statement Everyone of the bucket policy.')
    expect(one).toContain('Condition.IpAddress.aws:SourceIp')
    expect(one).toContain('<code>127.0.0.1</code>')
    await site.policies.remove('open')
  })

  it('shows the form of a request to IAM without its secrets, and asks again as aws iam', async () => {
    const iam = new IAMClient({
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'admin', secretAccessKey: 'admin-secret' },
    })
    await iam.send(new CreateUserCommand({ UserName: 'lin' }))
    const Password = 'correct horse battery staple'
    await iam.send(new CreateLoginProfileCommand({ UserName: 'lin', Password, PasswordResetRequired: false }))
    const one = await open('operation=iam:CreateLoginProfile')
    expect(one).toMatch(/<dt class="mono break">UserName<\/dt><dd class="mono">lin/)
    expect(one).toMatch(/<dt class="mono break">Password<\/dt><dd class="mono">\*{8}/)
    expect(one).not.toMatch(/correct|horse/)
    expect(one).toContain('iam:CreateLoginProfile</strong>')
    expect(one).toContain('aws iam create-login-profile \\\n  --user-name=&#39;lin&#39;')
    expect(one).toContain('--no-password-reset-required')
    expect(one).toContain('--data-urlencode &#39;Password=&lt;Password&gt;&#39;')
  })

  it('asks again with the tags of a request that set some', async () => {
    await client('admin').send(new PutObjectCommand({ Bucket: 'open', Key: 'tagged', Body: 'a' }))
    const Tagging = { TagSet: [{ Key: 'who', Value: 'a b' }] }
    await client('admin').send(new PutObjectTaggingCommand({ Bucket: 'open', Key: 'tagged', Tagging }))
    const one = await open('operation=PutObjectTagging')
    expect(one).toContain('aws s3api put-object-tagging')
    expect(one).toContain(
      '--tagging=&#39;{&#34;TagSet&#34;:[{&#34;Key&#34;:&#34;who&#34;,&#34;Value&#34;:&#34;a b&#34;}]}&#39;',
    )
    expect(one).toContain('PutObjectTaggingCommand({')
  })

  it('asks again for copies and for uploads in parts, with what their headers and documents say', async () => {
    const s3 = client('admin')
    await s3.send(new PutObjectCommand({ Bucket: 'open', Key: 'from', Body: 'a' }))
    await s3.send(new CopyObjectCommand({ Bucket: 'open', Key: 'copied', CopySource: 'open/from' }))
    expect(await open('operation=CopyObject')).toContain('--copy-source=&#39;open/from&#39;')
    const upload = { Bucket: 'open', Key: 'parts' }
    const Metadata = { who: 'lin' }
    const { UploadId } = await s3.send(
      new CreateMultipartUploadCommand({ ...upload, ContentType: 'text/csv', Metadata }),
    )
    const created = await open('operation=CreateMultipartUpload')
    expect(created).toContain('--content-type=&#39;text/csv&#39;')
    expect(created).toContain('--metadata=&#39;{&#34;who&#34;:&#34;lin&#34;}&#39;')
    const { ETag } = await s3.send(new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: 'a' }))
    expect(await open('operation=UploadPart')).toContain('PartNumber: 1,')
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
    await s3.send(new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload }))
    expect(await open('operation=CompleteMultipartUpload')).toContain('--multipart-upload=&#39;{&#34;Parts&#34;:[{')
  })

  it('gives no control characters to paste, whatever the key, and still says it exactly', async () => {
    const s3 = client('admin')
    const Key = "odd\n\u001b[2J\u202egpj\u009b'\\.txt"
    const Tagging = { TagSet: [{ Key: 'a', Value: 'b' }] }
    await s3.send(new PutObjectCommand({ Bucket: 'open', Key, Body: 'x' }))
    await s3.send(new PutObjectTaggingCommand({ Bucket: 'open', Key, Tagging }))
    await s3.send(new DeleteObjectsCommand({ Bucket: 'open', Delete: { Objects: [{ Key: 'a\u009bb\u202e' }] } }))
    for (const operation of ['PutObject', 'PutObjectTagging', 'DeleteObjects']) {
      const texts = [...(await open(`operation=${operation}`)).matchAll(/data-copy="([^"]*)"/g)].map(([, text = '']) =>
        text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))),
      )
      expect(texts.length).toBeGreaterThan(3)
      for (const text of texts) expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}|\p{Cf}/u)
      const aws = texts.find((text) => text.startsWith('aws ')) ?? ''
      if (operation === 'DeleteObjects') expect(aws).toContain('"Key":"a\\u009bb\\u202e"')
      else {
        const word = /--key=(\$'.*') /.exec(aws)?.[1] ?? ''
        expect(execFileSync('bash', ['-c', `printf %s ${word}`]).toString()).toBe(Key)
      }
    }
    await site.policies.remove('open')
    await s3.send(new GetObjectCommand({ Bucket: 'open', Key: 'a\u202e' })).catch(() => undefined)
    await expect(client('reader').send(new PutObjectCommand({ Bucket: 'open', Key, Body: '' }))).rejects.toThrow()
    const denials = (await (await site.signIn()).get('/ui/denials')).text
    const draft = /data-copy="([^"]*gpj[^"]*)"/.exec(denials)?.[1] ?? ''
    expect(draft.replaceAll('\n', '')).not.toMatch(/\p{Cc}|\p{Cf}/u)
    expect(draft).toContain('\\u202egpj')
  })

  it('goes on from a cursor with rows alone', async () => {
    const visitor = await site.signIn()
    const cursor = /data-cursor="(\d+)"/.exec((await visitor.get('/ui/activity')).text)?.[1]
    expect((await visitor.get(`/ui/activity?after=${cursor}`)).text).not.toContain('<tr')
    await fetch(`${endpoint}/open/later`)
    const { text } = await visitor.get(`/ui/activity?after=${cursor}&bucket=open`)
    expect(text.match(/<tr/g)).toHaveLength(1)
    expect(text).not.toContain('<html')
    expect(text).toContain('anonymous')
  })

  it('is not for everybody, nor for other accounts', async () => {
    const admin = await site.signIn()
    const href = /href="(\/ui\/activity\/[0-9A-F]+)"/.exec((await admin.get('/ui/activity')).text)?.[1] ?? ''
    const reader = await site.signIn('reader')
    expect((await reader.get('/ui/activity')).status).toBe(403)
    expect((await reader.get(href)).status).toBe(403)
    expect((await reader.get('/ui')).text).not.toContain('Requests in the last hour')
    const other = await site.signIn('other')
    expect((await other.get('/ui/activity')).text).toContain('data-empty>')
    expect((await other.get(href)).status).toBe(404)
  })

  it('refuses filters that mean nothing, and knows no request that is none', async () => {
    const visitor = await site.signIn()
    for (const query of ['status=teapot', 'after=-1', 'after=x', 'after=1e3']) {
      expect([query, (await visitor.get(`/ui/activity?${query}`)).status]).toEqual([query, 400])
    }
    for (const id of ['absent', '%00', '..%2f..', 'x'.repeat(3000)]) {
      expect((await visitor.get(`/ui/activity/${id}`)).status).toBe(404)
    }
  })

  it('is counted on the overview', async () => {
    const { text } = await (await site.signIn()).get('/ui')
    expect(text).toContain('Requests in the last hour')
    expect(text).toMatch(/<path class="spark-requests" d="M0 64L/)
  })
})

describe('a document', () => {
  it('is read as far as it was kept, and shown as it came where it cannot be read', () => {
    const cut =
      `<Delete xmlns="x"><!-- note --><Object><Key>a</Key></Object>${'<Object><Key>b</Key></Object>'.repeat(200)}`.slice(
        0,
        4096,
      )
    const { tree, isCut } = showDocument(cut)
    expect(isCut).toBe(true)
    expect(tree?.children.length).toBeGreaterThan(100)
    expect(tree?.children[0]?.children[0]).toMatchObject({ name: 'Key', text: 'a' })
    for (const text of ['<a><b></a>', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', '<a>&lol;</a>', '<']) {
      expect(showDocument(text)).toEqual({ tree: undefined, text, isCut: false })
    }
    expect(showDocument('{"a":[1]}').text).toBe('{\n  "a": [\n    1\n  ]\n}')
  })
})

describe('lines that ask again', () => {
  const where = { endpoint: 'http://h', region: 'us-east-1' }
  const record = {
    id: '1',
    at: '',
    operation: 'GetObject',
    requester: { type: 'user', arn: '', account: '1', accessKeyId: 'a', isProven: true },
    resourceAccount: '1',
    bucket: 'b',
    key: "a'; rm -rf $HOME #",
    status: 200,
    bytesIn: 0,
    bytes: 0,
    durationMs: 0,
    method: 'GET',
    target: "/b/a'%3B?versionId=1&X-Amz-Signature=********&X-Amz-Date=1",
    httpVersion: '1.1',
    headers: [
      ['Range', 'bytes=0-1'],
      ['Authorization', '********'],
      ['X-Amz-Date', '1'],
    ],
  } as const

  it('are quoted for a shell, and without the signature of old', () => {
    const curl = curlLine(record, where)
    expect(curl).toContain("'http://h/b/a'\\''%3B?versionId=1'")
    expect(curl).toContain("--header 'Range: bytes=0-1'")
    expect(curl).not.toMatch(/\*{8}|X-Amz-/)
    expect(awsLine(record, where)).toContain("--key='a'\\''; rm -rf $HOME #'")
  })

  it('name the host where the bucket is a part of it, and nowhere else', () => {
    const host = (value: string) => curlLine({ ...record, target: '/a', headers: [['Host', value]] }, where)
    expect(host('b.s3.localhost:5000')).toContain("--header 'Host: b.s3.localhost:5000'")
    expect(host('localhost:5000')).not.toContain('Host')
    expect(host('bb.localhost')).not.toContain('Host')
  })

  it('send a body where there was one, though it was refused', () => {
    const headers = [['Content-Length', '5']] as const
    expect(curlLine({ ...record, method: 'PUT', status: 403, headers }, where)).toContain("--data-binary @'<the body>'")
    expect(curlLine(record, where)).not.toContain('--data-binary')
  })

  it('are code for the SDK, of which nothing can break out', () => {
    const code = sdkCode({ ...record, key: '"}));process.exit()//' }, where) ?? ''
    expect(code).toContain('GetObjectCommand({\n  Bucket: "b",\n  Key: "\\"}));process.exit()//",\n  VersionId: "1",')
    expect(code).toContain('endpoint: "http://h"')
    expect(sdkCode({ ...record, operation: 'CompleteMultipartUpload' }, where)).toBeUndefined()
    expect(sdkCode({ ...record, operation: 'constructor' }, where)).toBeUndefined()
  })

  it('never have aws read a file in place of a key', () => {
    expect(awsLine({ ...record, key: 'file:///etc/passwd' }, where)).toBeUndefined()
    expect(awsLine({ ...record, operation: 'CompleteMultipartUpload' }, where)).toBeUndefined()
  })
})
