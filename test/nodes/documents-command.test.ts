import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateUserCommand } from '@aws-sdk/client-iam'
import { CreateBucketCommand, ListBucketsCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { loadConfig } from '#config/config.ts'
import { documents, parseDocumentsArguments } from '#launcher/commands/documents.ts'
import { noPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { testSecretKey } from '../support/program.ts'
import { startOwnUpstream, type TestUpstream } from '../support/upstream.ts'
import { startNode, storeIn, type TestNode } from './two-nodes.ts'

describe.skipIf(noPostgres !== undefined)(`myfsio documents ${noPostgres ?? ''}`, () => {
  let postgres: TestPostgres
  let upstream: TestUpstream
  let store: Readonly<Record<string, string>>
  let node: TestNode
  let folder: string

  beforeAll(async () => {
    postgres = await startPostgres()
    upstream = await startOwnUpstream()
    store = storeIn(postgres, upstream)
    folder = await mkdtemp(join(tmpdir(), 'myfsio-documents-'))
    node = await startNode(store)
    await node.s3().send(new CreateBucketCommand({ Bucket: 'bucket' }))
  }, 60_000)
  afterAll(async () => {
    await node?.close()
    await upstream?.close()
    await postgres?.close()
    await rm(folder, { recursive: true, force: true })
  })

  function run(...words: string[]): Promise<string> {
    const given = parseDocumentsArguments(words)
    const env = { ...store, STORAGE_ROOT: join(folder, 'data'), SECRET_KEY: testSecretKey }
    return documents(loadConfig(given.rest, env, folder), given)
  }
  const path = (name: string) => join(folder, 'out', name)
  const out = () => join(folder, 'out')
  const edit = async (name: string, change: (text: string) => string) =>
    writeFile(path(name), change(await readFile(path(name), 'utf8')))

  it.runIf(process.platform === 'linux')('export ends where no folder can be created', async () => {
    await expect(run('export', '/proc/out')).rejects.toThrow('ENOENT')
  })

  it('export writes files that only their owner may read, and import applies the edited files', async () => {
    expect(await run('export', out())).toContain(path('iam.json'))
    for (const name of ['iam.json', 'bucket_policies.json', 'kms_keys.json']) {
      expect((await stat(path(name))).mode & 0o777).toBe(0o600)
    }
    expect(await run('import', out())).toContain('nothing was changed')
    await edit('iam.json', (text) => text.replaceAll('"localadmin"', '"another-admin"'))
    expect(await run('import', out())).toBe('In force on all nodes within a second: iam.json.')
    const keys = { accessKeyId: 'another-admin', secretAccessKey: 'another-admin' }
    await expect(node.s3(keys).send(new ListBucketsCommand())).resolves.toBeDefined()
    await vi.waitFor(() => expect(node.s3().send(new ListBucketsCommand())).rejects.toThrow())
    await edit('iam.json', (text) => text.replaceAll('"another-admin"', '"localadmin"'))
    await run('import', out(), '--force')
    await node.s3().send(new ListBucketsCommand())
  })

  it('import refuses invalid files, reports the lines of all mistakes, and imports none of the files', async () => {
    await run('export', out())
    await edit('iam.json', (text) => text.replace('"version": 2', '"version": 7'))
    const policies = { policies: { bucket: { Version: '2012-10-17', Statement: [{ Effect: 'Maybe' }] } } }
    await writeFile(path('bucket_policies.json'), JSON.stringify(policies, null, 2))
    const refused = run('import', out())
    await expect(refused).rejects.toThrow(/iam\.json \(line 2, version\)/)
    await expect(refused).rejects.toThrow(/bucket_policies\.json \(line \d+, policies\.bucket/)
    await expect(run('import', out(), '--force')).rejects.toThrow(/line 2/)
    await node.s3().send(new ListBucketsCommand())
  })

  it('import refuses to undo a change since the export, unless it is forced', async () => {
    await run('export', out())
    await node.iam().send(new CreateUserCommand({ UserName: 'made-since' }))
    await edit('iam.json', (text) => text.replace('"Local Admin"', '"Renamed"'))
    await expect(run('import', out())).rejects.toThrow(/iam\.json was changed since it was exported/)
    expect(await run('import', out(), '--force')).toContain('iam.json')
    await vi.waitFor(() => {
      const [account] = [...node.opened.identities.directory.accounts]
      expect([account?.displayName, account?.users.map(({ name }) => name)]).toEqual(['Renamed', ['localadmin']])
    })
  })

  it('says that without METADATA_URL the documents are files', async () => {
    const given = parseDocumentsArguments(['export'])
    const config = loadConfig([], { STORAGE_ROOT: join(folder, 'alone') }, folder)
    await expect(documents(config, given)).rejects.toThrow(/Without METADATA_URL the documents are files/)
  })
})
