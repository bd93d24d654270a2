/** KMS through aws-cli and boto3: a key, made, named, used, rotated and on its way to deletion. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Account, awsEnvironment, command } from './client.ts'

const script = fileURLToPath(new URL('./boto3_kms.py', import.meta.url))

export async function keysWithAwsCli(account: Account): Promise<void> {
  const kms = async (...parameters: string[]) => {
    const said = await command('aws', ['kms', ...parameters, '--output', 'json'], awsEnvironment(account))
    return said === '' ? {} : JSON.parse(said)
  }
  const alias = 'alias/trip-cli'
  const { KeyMetadata: key } = await kms('create-key', '--description', 'of the trip')
  await kms('create-alias', '--alias-name', alias, '--target-key-id', key.KeyId)
  await kms('enable-key-rotation', '--key-id', key.KeyId, '--rotation-period-in-days', '180')
  const { RotationPeriodInDays: days } = await kms('get-key-rotation-status', '--key-id', key.Arn)
  if (days !== 180) throw new Error(`get-key-rotation-status said ${days}`)
  const folder = await mkdtemp(join(tmpdir(), 'kms-'))
  // Its versions read bytes on the command line differently, but files alike.
  const fileOf = async (name: string, bytes: Buffer) => {
    await writeFile(join(folder, name), bytes)
    return `fileb://${join(folder, name)}`
  }
  const secret = Buffer.from('a secret')
  const context = ['--encryption-context', 'trip=cli']
  const plaintext = await fileOf('plaintext', secret)
  const sealed = await kms('encrypt', '--key-id', alias, '--plaintext', plaintext, ...context)
  const ciphertext = await fileOf('ciphertext', Buffer.from(sealed.CiphertextBlob, 'base64'))
  const opened = await kms('decrypt', '--ciphertext-blob', ciphertext, ...context)
  await rm(folder, { recursive: true })
  const isSame = opened.Plaintext === secret.toString('base64') && opened.KeyId === key.Arn
  if (!isSame) throw new Error(`decrypt said ${JSON.stringify(opened)}`)
  await kms('delete-alias', '--alias-name', alias)
  const { KeyState: state } = await kms('schedule-key-deletion', '--key-id', key.KeyId, '--pending-window-in-days', '7')
  if (state !== 'PendingDeletion') throw new Error(`schedule-key-deletion said ${state}`)
}

export async function keysWithBoto3(account: Account): Promise<void> {
  await command('python3', [script], { ...awsEnvironment(account), PYTHONDONTWRITEBYTECODE: '1' })
}
