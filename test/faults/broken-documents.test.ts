/** A document that a hand makes invalid while the server runs, and processes that start meanwhile. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { CreateBucketCommand, PutBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { keysOf, policy, startApp, type TestApp } from '../iam/start-app.ts'
import { childrenOf, type Launched, launch } from '../launcher/launcher.ts'

let launched: Launched | undefined
let app: TestApp | undefined
afterEach(async () => {
  launched?.child.kill('SIGTERM')
  await Promise.all([launched?.exited, app?.close()])
  launched = undefined
  app = undefined
})

const config = (folder: string, name: string) => join(folder, '.myfsio.sys/config', name)

const breaks: readonly (readonly [how: string, break_: (path: string) => void])[] = [
  ['cut in half', (path) => writeFileSync(path, readFileSync(path, 'utf8').slice(0, 40))],
  ['emptied', (path) => writeFileSync(path, '')],
  ['of another form', (path) => writeFileSync(path, '{"version":3}')],
  ['gone', (path) => rmSync(path)],
]

describe('with iam.json and bucket_policies.json broken', () => {
  it('every process that dies is followed by one that has the last good state', async () => {
    launched = launch(['--api-port', '0', '--ui-port', '0'], { WORKERS: '2' })
    const { child, folder, said } = launched
    const [, apiPort] = await said(/API\s+http:\/\/127\.0\.0\.1:(\d+)/i)
    const [, uiPort] = await said(/Console\s+http:\/\/127\.0\.0\.1:(\d+)/i)
    await vi.waitFor(() => expect(childrenOf(child.pid)).toHaveLength(3), 10_000)
    const s3 = new S3Client({
      endpoint: `http://127.0.0.1:${apiPort}`,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'localadmin', secretAccessKey: 'localadmin' },
    })
    await s3.send(new CreateBucketCommand({ Bucket: 'open' }))
    const everyone = { Effect: 'Allow', Principal: '*', Action: 's3:ListBucket', Resource: 'arn:aws:s3:::open' }
    await s3.send(new PutBucketPolicyCommand({ Bucket: 'open', Policy: policy(everyone) }))
    for (const name of ['iam.json', 'bucket_policies.json']) {
      writeFileSync(config(folder, name), readFileSync(config(folder, name), 'utf8').slice(0, 40))
    }
    // The first worker and the console, which serve; the second worker may still be about to.
    const first = childrenOf(child.pid)
      .sort((one, other) => one - other)
      .slice(0, 2)
    for (const pid of first) process.kill(pid, 'SIGKILL')
    await vi.waitFor(
      () => {
        const now = childrenOf(child.pid)
        expect(now).toHaveLength(3)
        expect(now.some((pid) => first.includes(pid))).toBe(false)
      },
      { timeout: 20_000 },
    )
    await vi.waitFor(
      async () => {
        expect((await fetch(`http://127.0.0.1:${apiPort}/open`)).status).toBe(200)
        const headers = { 'x-access-key': 'localadmin', 'x-secret-key': 'localadmin' }
        expect((await fetch(`http://127.0.0.1:${apiPort}/`, { headers })).status).toBe(200)
        expect((await fetch(`http://127.0.0.1:${uiPort}/ui/sign-in`)).status).toBe(200)
      },
      { timeout: 20_000 },
    )
    expect(child.exitCode).toBe(null)
    s3.destroy()
  }, 120_000)
})

describe.each(breaks)('a start on documents that are %s', (_, breakFile) => {
  it('takes the last good state, and serves the mended one as soon as it is there', async () => {
    const root = mkdtempSync(join(tmpdir(), 'broken-'))
    const iamPath = config(join(root, 'data'), 'iam.json')
    mkdirSync(dirname(iamPath), { recursive: true })
    const key = { id: 'LASTGOODKEY000000001', secret: 'LASTGOODKEY000000001-secret' }
    const document = (id: string) =>
      JSON.stringify({ version: 2, accounts: [{ id: '111122223333', displayName: 'One', keys: [{ ...key, id }] }] })
    writeFileSync(iamPath, document(key.id))
    const before = await startApp({ root })
    const keys = keysOf(key.id)
    await before.s3(keys).send(new CreateBucketCommand({ Bucket: 'open' }))
    const everyone = { Effect: 'Allow', Principal: '*', Action: 's3:ListBucket', Resource: 'arn:aws:s3:::open' }
    await before.s3(keys).send(new PutBucketPolicyCommand({ Bucket: 'open', Policy: policy(everyone) }))
    const policyPath = config(join(root, 'data'), 'bucket_policies.json')
    breakFile(iamPath)
    breakFile(policyPath)
    expect(statSync(`${iamPath}.last-good`).mode & 0o777).toBe(0o600)
    app = await startApp({ root })
    await app.s3(keys).send(new CreateBucketCommand({ Bucket: 'open' }))
    expect((await fetch(`${app.endpoint}/open`)).status).toBe(200)
    writeFileSync(iamPath, document('ANOTHERKEY0000000002'))
    writeFileSync(policyPath, '{"policies":{}}')
    expect((await fetch(`${app.endpoint}/open`)).status).toBe(403)
    await expect(app.s3(keys).send(new CreateBucketCommand({ Bucket: 'more' }))).rejects.toThrow(
      expect.objectContaining({ name: 'InvalidAccessKeyId' }),
    )
    await before.close()
  })
})

it('a start on an invalid document without a last good state says what is wrong', async () => {
  const root = mkdtempSync(join(tmpdir(), 'broken-'))
  const iamPath = config(join(root, 'data'), 'iam.json')
  mkdirSync(dirname(iamPath), { recursive: true })
  writeFileSync(iamPath, '{\n"version": 2,\n"accounts": [}\n')
  await expect(startApp({ root })).rejects.toThrow(/iam\.json \(line 3\)/)
})
