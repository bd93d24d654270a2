/**
 * S3 stores that keep the bytes of another: this program with plain files, versitygw, or the one of TEST_UPSTREAM_URL.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { UpstreamSettings } from '#blobs/upstream/client/settings.ts'
import { freePort } from './free-port.ts'
import { startProgram } from './program.ts'
import { until } from './until.ts'

export interface TestUpstream {
  readonly url: string
  readonly settings: UpstreamSettings
  /** Settings of a program that keeps its bytes there. */
  readonly env: Readonly<Record<string, string>>
  readonly client: S3Client
  /** The same store under another address, such as that of a proxy. */
  at(url: string, timeoutSeconds?: number): Pick<TestUpstream, 'settings' | 'env'>
  close(): Promise<void>
}

export const upstreamCredentials = { accessKeyId: 'upstreamadmin', secretAccessKey: 'upstream-secret' }
const { accessKeyId, secretAccessKey } = upstreamCredentials

/** This program, in this process. */
export async function startOwnUpstream(): Promise<TestUpstream> {
  const program = await startProgram('api', {
    env: { ADMIN_ACCESS_KEY: accessKeyId, ADMIN_SECRET_KEY: secretAccessKey },
    bootstrap: { accessKey: accessKeyId, secretKey: secretAccessKey },
  })
  return openUpstream(program.url, () => program.close())
}

/** The path of `go install github.com/versity/versitygw/cmd/versitygw@latest` with GOBIN set to this folder. */
export const versityPath = process.env.TEST_VERSITYGW ?? join(homedir(), '.cache/myfsio/versitygw/bin/versitygw')
export const hasVersity = existsSync(versityPath)

export function versityFlags(root: string, port: number): string[] {
  const flags = ['--access', accessKeyId, '--secret', secretAccessKey, '--port', `127.0.0.1:${port}`, '--quiet']
  return [...flags, '--iam-dir', join(root, 'iam'), 'posix', join(root, 'data')]
}

/** versitygw over a folder. */
export async function startVersity(): Promise<TestUpstream> {
  const root = await mkdtemp(join(tmpdir(), 'myfsio-versitygw-'))
  for (const folder of ['data', 'versions', 'iam']) await mkdir(join(root, folder))
  const port = await freePort()
  const child = spawn(versityPath, versityFlags(root, port), { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const close = async () => {
    child.kill('SIGKILL')
    await ended
    await rm(root, { recursive: true, force: true })
  }
  const url = `http://127.0.0.1:${port}`
  await until(() => fetch(url))
  return openUpstream(url, close)
}

/** Such as `http://ACCESS_KEY:SECRET_KEY@localhost:3900?region=garage`: another S3 server, which is already running. */
const { TEST_UPSTREAM_URL: givenUrl } = process.env

function openGiven(): Promise<TestUpstream> {
  const { username, password, origin, searchParams } = new URL(givenUrl ?? '')
  const region = searchParams.get('region') ?? 'us-east-1'
  const credentials = { accessKeyId: decodeURIComponent(username), secretAccessKey: decodeURIComponent(password) }
  return openUpstream(origin, async () => {}, { region, credentials, bucket: `upstream-${Date.now()}` })
}

/** The stores that the contract is tested on. */
export const upstreamStores = [
  { name: 'this program', isThere: true, start: startOwnUpstream },
  { name: 'versitygw', isThere: hasVersity, start: startVersity },
  { name: 'the store of TEST_UPSTREAM_URL', isThere: givenUrl !== undefined, start: openGiven },
]

const place = { region: 'us-east-1', credentials: upstreamCredentials, bucket: 'upstream-bytes' }

/** For a server that is already running. */
export async function openUpstream(
  url: string,
  stop: () => Promise<void>,
  { region, credentials, bucket } = place,
): Promise<TestUpstream> {
  const client = new S3Client({ endpoint: url, region, forcePathStyle: true, credentials })
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  const prefix = 'bytes/'
  const at = (endpoint: string, timeoutSeconds = 20) => ({
    settings: {
      bucket,
      prefix,
      endpoint,
      region,
      isPathStyle: true,
      timeoutMs: timeoutSeconds * 1000,
      credentials,
    },
    env: {
      BLOBS_URL: `s3://${bucket}/${prefix}?endpoint=${endpoint}&region=${region}&timeout=${timeoutSeconds}`,
      BLOBS_ACCESS_KEY_ID: credentials.accessKeyId,
      BLOBS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
  })
  return {
    url,
    ...at(url),
    client,
    at,
    async close() {
      client.destroy()
      await stop()
    },
  }
}
