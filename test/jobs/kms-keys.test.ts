import { afterEach, beforeEach, expect, it } from 'vitest'
import { allJobs } from '#jobs/all.ts'
import type { JobServices, Run } from '#jobs/job.ts'
import { createAlias } from '#keyring/changes/aliases.ts'
import { createKey } from '#keyring/changes/create-key.ts'
import { cancelDeletion, scheduleDeletion } from '#keyring/changes/key-state.ts'
import { enableRotation } from '#keyring/changes/rotation.ts'
import type { LocalKeyring } from '#keyring/local-keyring.ts'
import { type KeyringFolder, makeKeyringFolder } from '../keyring/open-test-keyring.ts'
import { ManualClock } from '../support/manual-clock.ts'

const dayMs = 86_400_000
const place = { account: '000000000000', region: 'us-east-1' }
let folder: KeyringFolder
let clock: ManualClock
let keyring: LocalKeyring
beforeEach(async () => {
  folder = await makeKeyringFolder()
  clock = new ManualClock()
  ;({ keyring } = await folder.open({}, clock))
})
afterEach(() => folder.remove())

async function runJob(ownClock: Pick<ManualClock, 'nowMs'> = clock): Promise<void> {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const job = allJobs.find(({ name }) => name === 'kms-keys')
  const step = await job?.work({} as Run, { keyring, clock, ownClock, log } as unknown as JobServices)
  expect(step).toBe('idle')
}
const newKey = () => createKey(keyring, { place, description: '', tags: {}, policy: {} })
const materialsOf = (id: string) => keyring.keys.keys.find((key) => key.id === id)?.materials ?? []

it('rotates keys after their period, once for each, and opens what earlier material wrapped', async () => {
  const key = await newKey()
  const other = await newKey()
  await enableRotation(keyring, key, 90)
  const { arn } = keyring.resolve(key.id, place)
  const before = await keyring.generateDataKey(arn, {})
  clock.jump(90 * dayMs - 1)
  await runJob()
  expect(materialsOf(key.id)).toHaveLength(1)
  clock.jump(1)
  await runJob()
  await runJob()
  expect(materialsOf(key.id).map(({ rotation }) => rotation)).toEqual([undefined, 'AUTOMATIC'])
  expect(materialsOf(other.id)).toHaveLength(1)
  expect(await keyring.unwrap(before.wrapped, {})).toEqual(before.plaintext)
  clock.jump(90 * dayMs)
  await runJob()
  expect(materialsOf(key.id)).toHaveLength(3)
})

it('rotates a key once if two processes come to it', async () => {
  const key = await newKey()
  await enableRotation(keyring, key, 90)
  clock.jump(90 * dayMs)
  const first = keyring
  keyring = (await folder.open({}, clock)).keyring
  const second = runJob()
  keyring = first
  await Promise.all([second, runJob()])
  expect(materialsOf(key.id)).toHaveLength(2)
})

it('rotates the AWS-managed key once a year', async () => {
  const { id } = await keyring.managedKey('s3', place)
  clock.jump(365 * dayMs)
  await runJob()
  expect(materialsOf(id)).toHaveLength(2)
})

it('deletes a key with its aliases once the window has passed, and not before', async () => {
  const key = await newKey()
  const kept = await newKey()
  await createAlias(keyring, place, 'alias/gone', key)
  const { arn } = keyring.resolve(key.id, place)
  const { wrapped, plaintext } = await keyring.generateDataKey(arn, {})
  await scheduleDeletion(keyring, key, 7)
  await scheduleDeletion(keyring, kept, 7)
  clock.jump(7 * dayMs - 1)
  await runJob()
  await cancelDeletion(keyring, kept)
  expect(materialsOf(key.id)).toHaveLength(1)
  await expect(keyring.unwrap(wrapped, {})).rejects.toMatchObject({ code: 'KMS.KMSInvalidStateException' })
  clock.jump(1)
  await runJob()
  expect(keyring.keys.keys.map(({ id }) => id)).toEqual([kept.id])
  expect(keyring.keys.aliases).toEqual([])
  await expect(keyring.unwrap(wrapped, {})).rejects.toMatchObject({ code: 'KMS.InvalidCiphertextException' })
  expect(plaintext).toHaveLength(32)
})

it('deletes no key where the clock of the machine and that of all nodes differ and one says that it is too early', async () => {
  const { id } = await newKey().then((key) => scheduleDeletion(keyring, key, 7))
  clock.jump(7 * dayMs)
  await runJob({ nowMs: () => clock.nowMs() - dayMs })
  expect(materialsOf(id)).toHaveLength(1)
  await runJob({ nowMs: () => clock.nowMs() + dayMs })
  expect(materialsOf(id)).toHaveLength(0)
})

it('no change of the document loses material whose window has not passed', async () => {
  const key = await newKey()
  const { server } = await keyring.serverKey.generate({}).then(() => keyring.keys)
  await scheduleDeletion(keyring, key, 7)
  await expect(keyring.update((value) => ({ ...value, keys: [] }))).rejects.toThrow('would be lost')
  await expect(keyring.update(({ server: _, ...value }) => value)).rejects.toThrow('would be lost')
  expect(keyring.keys).toMatchObject({ server, keys: [{ id: key.id }] })
})
