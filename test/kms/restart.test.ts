/** Keys outlive the process, and are the same for all that share a folder. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as aws from '@aws-sdk/client-kms'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { failure } from '../iam/client.ts'
import { startApp, type TestApp, testDocument } from '../iam/start-app.ts'

let root: string
let apps: TestApp[]
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'myfsio-kms-'))
  apps = []
})
afterEach(async () => {
  for (const app of apps) await app.close()
  await rm(root, { recursive: true, force: true })
})

/** A process over the folder. */
async function start(): Promise<aws.KMSClient> {
  const settings = { METADATA_ENGINE: 'lmdb', DURABILITY: 'none' }
  const app = await startApp({ root, settings, ...(apps.length === 0 ? { document: testDocument } : {}) })
  apps.push(app)
  return app.kms()
}

it('what was encrypted before a restart opens after it', async () => {
  const before = await start()
  const { KeyMetadata } = await before.send(new aws.CreateKeyCommand({}))
  const KeyId = KeyMetadata?.KeyId ?? ''
  await before.send(new aws.CreateAliasCommand({ AliasName: 'alias/kept', TargetKeyId: KeyId }))
  const Plaintext = Buffer.from('a secret')
  const { CiphertextBlob } = await before.send(new aws.EncryptCommand({ KeyId, Plaintext }))
  await apps.pop()?.close()
  const after = await start()
  expect(Buffer.from((await after.send(new aws.DecryptCommand({ CiphertextBlob }))).Plaintext ?? [])).toEqual(Plaintext)
  const { KeyMetadata: kept } = await after.send(new aws.DescribeKeyCommand({ KeyId: 'alias/kept' }))
  expect(kept).toEqual(KeyMetadata)
})

it('a key is there at once for every process, and so is a change by hand', async () => {
  const [one, other] = [await start(), await start()]
  const { KeyMetadata } = await one.send(new aws.CreateKeyCommand({}))
  const KeyId = KeyMetadata?.KeyId ?? ''
  const Plaintext = Buffer.from('a secret')
  const { CiphertextBlob } = await other.send(new aws.EncryptCommand({ KeyId, Plaintext }))
  await other.send(new aws.RotateKeyOnDemandCommand({ KeyId }))
  const encrypt = (client: aws.KMSClient) => client.send(new aws.EncryptCommand({ KeyId, Plaintext }))
  const sealed = [CiphertextBlob, (await encrypt(one)).CiphertextBlob]
  for (const client of [one, other]) {
    for (const blob of sealed) {
      const { Plaintext: opened } = await client.send(new aws.DecryptCommand({ CiphertextBlob: blob }))
      expect(Buffer.from(opened ?? [])).toEqual(Plaintext)
    }
  }
  const path = join(root, 'data', '.myfsio.sys', 'config', 'kms_keys.json')
  await writeFile(path, (await readFile(path, 'utf8')).replace('"isEnabled": true', '"isEnabled": false'))
  for (const client of [one, other]) await expect(encrypt(client)).rejects.toEqual(failure('Disabled'))
})
