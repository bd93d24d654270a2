/** Nodes that are started by hand: what the first imports from files, and which node is refused. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { CreateBucketCommand, ListBucketsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '#config/config.ts'
import { parsePostgresUrl } from '#config/metadata-url.ts'
import { readText } from '#documents/document-text.ts'
import { fsck } from '#launcher/commands/fsck.ts'
import { rotateRootKey } from '#launcher/commands/rotate-root-key.ts'
import { where } from '#launcher/commands/where.ts'
import { openPostgresEngine } from '#metadata/postgres/engine.ts'
import { encodeJson, rowKey } from '#metadata/tables.ts'
import { createVisitor } from '../console/start-console.ts'
import { type Launched, launch } from '../launcher/launcher.ts'
import { noPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { startOwnUpstream, type TestUpstream } from '../support/upstream.ts'
import { type Keys, storeIn } from './two-nodes.ts'

interface Ready {
  readonly endpoint: string
  readonly consoleUrl: string
}

const clientOf = (endpoint: string, credentials: Keys) => ({
  endpoint,
  region: 'us-east-1',
  credentials,
  forcePathStyle: true,
  maxAttempts: 1,
})

describe.skipIf(noPostgres !== undefined)(`nodes started by hand ${noPostgres ?? ''}`, { timeout: 90_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'myfsio-launched-'))
  const rootKey = 'a root key that all nodes have the same'
  let postgres: TestPostgres
  let upstream: TestUpstream
  let store: Readonly<Record<string, string>>
  const launched: Launched[] = []
  let nodes: readonly Ready[] = []

  beforeAll(async () => {
    postgres = await startPostgres()
    upstream = await startOwnUpstream()
    store = { ...storeIn(postgres, upstream), KMS_ROOT_KEY: rootKey, WORKERS: '1', API_PORT: '0', UI_PORT: '0' }
  }, 60_000)
  afterAll(async () => {
    for (const one of launched) one.child.kill('SIGTERM')
    await Promise.all(launched.map((one) => one.exited))
    await upstream?.close()
    await postgres?.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })

  /** Each node has its own data folder. */
  function start(name: string, env: Readonly<Record<string, string>> = {}): Launched {
    const one = launch(['--ready-json'], { ...store, STORAGE_ROOT: join(folder, name), ...env })
    launched.push(one)
    return one
  }
  async function ready(one: Launched): Promise<Ready> {
    const [line] = await one.said(/^\{.*"endpoint".*\}$/m)
    return JSON.parse(line)
  }
  async function refusal(one: Launched): Promise<string> {
    expect(await one.exited).toBe(1)
    return one.output()
  }
  function putUsers(name: string, accessKey: string): void {
    const config = join(folder, name, '.myfsio.sys', 'config')
    mkdirSync(config, { recursive: true })
    const users = [
      { access_key: accessKey, secret_key: `${accessKey}-secret`, policies: [{ bucket: '*', actions: ['*'] }] },
    ]
    writeFileSync(join(config, 'iam.json'), JSON.stringify({ users }))
  }

  it('take iam.json from the first one, and say that others are ignored', async () => {
    putUsers('a', 'ann')
    putUsers('b', 'ben')
    const a = start('a')
    const first = await ready(a)
    expect(a.output()).toMatch(/iam\.json is taken into the index/)
    expect(a.output()).not.toMatch(/Warning/)
    const b = start('b')
    const second = await ready(b)
    nodes = [first, second]
    expect(b.output()).toMatch(
      /b\/\.myfsio\.sys\/config\/iam\.json is ignored: with METADATA_URL, iam\.json is in the index/,
    )
    const visitor = createVisitor(new URL(second.consoleUrl).origin)
    expect((await visitor.signIn('ben', 'ben-secret')).status).toBe(401)
    const signedIn = await visitor.signIn('ann', 'ann-secret')
    expect(signedIn.status).toBe(303)
    const cookie = [signedIn.headers['set-cookie'] ?? []]
      .flat()
      .map((one: string) => one.split(';')[0])
      .join('; ')
    const page = await fetch(`${first.consoleUrl}/system/nodes`, { headers: { cookie }, redirect: 'manual' })
    expect(page.status).toBe(200)
    expect((await page.text()).match(/API worker 1, Console/g)).toHaveLength(2)
    const kms = new KMSClient(clientOf(first.endpoint, { accessKeyId: 'ann', secretAccessKey: 'ann-secret' }))
    await kms.send(new CreateKeyCommand({}))
  })

  it('apply changes in the console of a node to its API at once', async () => {
    const { endpoint, consoleUrl } = nodes[1] ?? { endpoint: '', consoleUrl: '' }
    const visitor = createVisitor(new URL(consoleUrl).origin)
    await visitor.signIn('ann', 'ann-secret')
    await visitor.post('/ui/iam/users', { name: 'new' })
    for (let at = 0; at < 3; at++) {
      const made = await visitor.post('/ui/iam/users/new/keys')
      const { text } = await visitor.get(String(made.headers.location))
      const [, accessKeyId = ''] = /\/keys\/(AKIA\w{16})\/new/.exec(String(made.headers.location)) ?? []
      const [, secretAccessKey = ''] = /data-secret>([^<]+)</.exec(text) ?? []
      const list = () =>
        new S3Client(clientOf(endpoint, { accessKeyId, secretAccessKey })).send(new ListBucketsCommand())
      // The user is known, and has no permissions.
      await expect(list()).rejects.toMatchObject({ name: 'AccessDenied' })
      await visitor.post(`/ui/iam/users/new/keys/${accessKeyId}/status`, { status: 'Inactive' })
      await expect(list()).rejects.toMatchObject({ name: 'InvalidAccessKeyId' })
      await visitor.post(`/ui/iam/users/new/keys/${accessKeyId}/delete`, { confirmed: 'yes' })
    }
  })

  it('encrypt ADMIN_SECRET_KEY in the index, also where it was in clear text', { timeout: 120_000 }, async () => {
    const ADMIN_SECRET_KEY = 'a secret of the settings'
    const env = { ADMIN_ACCESS_KEY: 'ann', ADMIN_SECRET_KEY, SECRET_KEY: 'of all nodes of this store' }
    const own = { METADATA_URL: `${store.METADATA_URL}_apart`, BLOBS_URL: `${store.BLOBS_URL}`.replace('?', 'apart?') }
    const iamText = async () => {
      const address = parsePostgresUrl(own.METADATA_URL)
      if (address === undefined) throw new Error('no address')
      const engine = await openPostgresEngine({ address, space: 'index' })
      const { text = '' } = (await readText(engine, 'iam.json')) ?? {}
      await engine.close()
      return text
    }
    for (const secret of [ADMIN_SECRET_KEY, 'another secret of the settings', 'a secret that was reset']) {
      const settings = { ...own, ...env, ADMIN_SECRET_KEY: secret }
      if (secret.endsWith('reset')) {
        const reset = launch(['--reset-cred'], { ...store, ...settings, STORAGE_ROOT: join(folder, 'g') })
        expect(await reset.exited).toBe(0)
        expect(await iamText()).toContain(secret)
      }
      const one = start('g', settings)
      const { endpoint } = await ready(one)
      const client = new S3Client(clientOf(endpoint, { accessKeyId: 'ann', secretAccessKey: secret }))
      await client.send(new ListBucketsCommand())
      const text = await iamText()
      expect(text).toContain('"ann"')
      expect(text).not.toContain(secret)
      one.child.kill('SIGTERM')
      await one.exited
    }
  })

  it('refuse a node with another SECRET_KEY or root key while nodes run', async () => {
    const said = await Promise.all([
      refusal(start('c', { SECRET_KEY: 'another key than theirs' })),
      refusal(start('d', { KMS_ROOT_KEY: 'another root key than all the others have' })),
      refusal(start('e', { KMS_ROOT_KEY: '' })),
    ])
    expect(said[0]).toMatch(/SECRET_KEY is another than that of the nodes that run: /)
    expect(said[1]).toMatch(/root key of the KMS does not wrap its keys: KMS_ROOT_KEY has changed/)
    expect(said[2]).toMatch(/wrapped by KMS_ROOT_KEY, but the settings name the file/)
  })

  it('refuse a node that cannot read what a later version has written', async () => {
    const address = parsePostgresUrl(store.METADATA_URL ?? '')
    if (address === undefined) throw new Error('no address')
    const engine = await openPostgresEngine({ address, space: 'index' })
    const key = rowKey('g', 'format')
    const before = await engine.get(key)
    await engine.commit({ checks: [], writes: [{ key, value: encodeJson({ needs: 99, version: '99.0.0' }) }] })
    expect(await refusal(start('f'))).toMatch(/was used by version 99\.0\.0, whose rows this version, .*, cannot read/)
    await engine.commit({ checks: [], writes: [{ key, value: before }] })
    await engine.close()
  })

  it('are not moved elsewhere while they run', async () => {
    const env = { ...store, STORAGE_ROOT: join(folder, 'mover') }
    const mover = launch(['migrate', '--to-folder', join(folder, 'moved')], env)
    expect(await refusal(mover)).toMatch(/These nodes use the index: .* Stop them first/)
  })

  it('are checked by fsck while none of them runs, and have no files for `where` to name', async () => {
    const [one] = nodes
    const client = new S3Client(clientOf(one?.endpoint ?? '', { accessKeyId: 'ann', secretAccessKey: 'ann-secret' }))
    const Bucket = 'checked'
    await client.send(new CreateBucketCommand({ Bucket }))
    await client.send(new PutObjectCommand({ Bucket, Key: 'large', Body: 'x'.repeat(100_000) }))
    const ServerSideEncryption = 'AES256'
    await client.send(new PutObjectCommand({ Bucket, Key: 'sealed', Body: 'small', ServerSideEncryption }))
    const config = loadConfig([], { ...store, STORAGE_ROOT: join(folder, 'none-yet') }, folder)
    const lines: string[] = []
    const check = (rebuild = false) => fsck(config, { repair: rebuild, rebuild }, (line) => void lines.push(line))
    await expect(where(config, [Bucket, 'large'])).rejects.toThrow(/in the S3 store of BLOBS_URL/)
    await expect(check()).rejects.toThrow(/These nodes use the index: .* Stop them first/)
    for (const each of launched) each.child.kill('SIGTERM')
    await Promise.all(launched.map((each) => each.exited))
    await expect(check(true)).rejects.toThrow(/Restore the index from a backup/)
    expect(await check(), lines.join('\n')).toBe(0)
    expect(lines.join('\n')).toMatch(/^2 versions with \d+ bytes were compared with their records\./m)
    nodes = [await ready(start('a'))]
  })

  it('get another root key with rotate-root-key while none of them runs', { timeout: 120_000 }, async () => {
    const before = join(folder, 'before.env')
    writeFileSync(before, `KMS_ROOT_KEY="${rootKey}"\n`)
    const env = { ...store, STORAGE_ROOT: join(folder, 'a'), KMS_ROOT_KEY: 'the next root key of all of the nodes' }
    const rotate = () => rotateRootKey(loadConfig([], env, folder), before)
    await expect(rotate()).rejects.toThrow(/These nodes use the index: .* Stop them first/)
    for (const one of launched) one.child.kill('SIGTERM')
    await Promise.all(launched.map((one) => one.exited))
    expect(await rotate()).toContain('Another root key wraps the keys')
    await ready(start('a', { KMS_ROOT_KEY: env.KMS_ROOT_KEY }))
    expect(await refusal(start('b'))).toMatch(/root key of the KMS does not wrap its keys/)
  })
})
