/** What has to exist before the first child starts: the session key, and the secret of the first user. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AppConfig, defaultCredential } from '#config/config.ts'
import { lastGoodPath } from '#documents/last-good.ts'
import { StartError } from '#launcher/protocol.ts'
import { cannotWrite } from './storage-access.ts'

export interface Credentials {
  readonly accessKey: string
  readonly secretKey: string
}

export interface Prepared {
  readonly config: AppConfig
  readonly bootstrap: Credentials
  /** Where the secret of the first user is kept. */
  readonly secretIn: string
  /** What may be printed. The secret is included only if it is the well-known default, or was created just now. */
  readonly hint: { readonly accessKey: string; readonly secretKey: string | undefined; readonly isNew: boolean }
}

/** StartError if the well-known secret is not allowed here. */
export function prepareFirstStart(config: AppConfig): Prepared {
  const secretKey = config.secretKey ?? keepSecretKey(config)
  const source = [config.iamPath, lastGoodPath(config.iamPath)].find((path) => existsSync(path))
  return prepareUsers({ ...config, secretKey }, source && readIfPossible(source))
}

/** `iamText`: of iam.json, wherever it is kept; undefined if there is none yet. StartError. */
export function prepareUsers(config: AppConfig, iamText: string | undefined): Prepared {
  const { adminAccessKey, adminSecretKey, iamPath: secretIn } = config
  if (iamText !== undefined) {
    const users = withGiven(config, usersIn(iamText))
    refuseDefaultSecret(config, users)
    const first = users.find((user) => user.accessKey === adminAccessKey) ?? users[0]
    const isDefault = first?.secretKey === defaultCredential
    const hint = { accessKey: first?.accessKey ?? '', secretKey: isDefault ? first.secretKey : undefined, isNew: false }
    return { config, secretIn, bootstrap: { accessKey: defaultCredential, secretKey: newSecret() }, hint }
  }
  if (adminAccessKey !== undefined && adminSecretKey !== undefined) {
    const bootstrap = { accessKey: adminAccessKey, secretKey: adminSecretKey }
    refuseDefaultSecret(config, [bootstrap])
    return { config, secretIn, bootstrap, hint: { accessKey: adminAccessKey, secretKey: undefined, isNew: false } }
  }
  const bootstrap = {
    accessKey: defaultCredential,
    secretKey: config.isLoopback ? defaultCredential : newSecret(),
  }
  return { config, secretIn, bootstrap, hint: { ...bootstrap, isNew: !config.isLoopback } }
}

/** Whether iam.json exists and its plain text differs from the administrator's credentials in the settings. */
export function isAdministratorOther({ iamPath, adminAccessKey, adminSecretKey }: AppConfig): boolean {
  if (adminAccessKey === undefined || !existsSync(iamPath)) return false
  return !usersIn(readIfPossible(iamPath)).some(
    (user) => user.accessKey === adminAccessKey && user.secretKey === adminSecretKey,
  )
}

/** The settings override the file. */
function withGiven({ adminAccessKey, adminSecretKey }: AppConfig, users: readonly Credentials[]): Credentials[] {
  if (adminAccessKey === undefined || adminSecretKey === undefined) return [...users]
  const others = users.filter(({ accessKey }) => accessKey !== adminAccessKey)
  return [{ accessKey: adminAccessKey, secretKey: adminSecretKey }, ...others]
}

/** 32 characters that need no quoting in a shell and no escaping in a URL. */
export function newSecret(): string {
  return randomBytes(24).toString('base64url')
}

function keepSecretKey(config: AppConfig): string {
  const file = join(config.configFolder, 'secret_key')
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
  if (kept !== '') return kept
  const secretKey = randomBytes(32).toString('base64url')
  try {
    writeFileSync(file, `${secretKey}\n`, { mode: 0o600 })
  } catch (error) {
    throw cannotWrite('STORAGE_ROOT', file, error)
  }
  return secretKey
}

function readIfPossible(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** For the texts at the start only: the children validate the document. */
function usersIn(iamText: string): Credentials[] {
  try {
    const document: unknown = JSON.parse(iamText)
    if (!isRecord(document)) return []
    if (!Array.isArray(document.accounts))
      return recordsIn(document.users).map(credentialsOf('access_key', 'secret_key'))
    const holders = recordsIn(document.accounts).flatMap((account) => [...recordsIn(account.users), account])
    return holders.flatMap(({ keys }) => recordsIn(keys)).map(credentialsOf('id', 'secret'))
  } catch {
    return []
  }
}

type Fields = Readonly<Record<string, unknown>>
const isRecord = (value: unknown): value is Fields => typeof value === 'object' && value !== null
const recordsIn = (list: unknown): Fields[] => (Array.isArray(list) ? list.filter(isRecord) : [])
const credentialsOf =
  (id: string, secret: string) =>
  (fields: Fields): Credentials => ({ accessKey: String(fields[id] ?? ''), secretKey: String(fields[secret] ?? '') })

function refuseDefaultSecret(config: AppConfig, users: readonly Credentials[]): void {
  const known = users.find((user) => user.secretKey === defaultCredential)
  if (config.isLoopback || known === undefined) return
  throw new StartError(
    `The secret of ${known.accessKey} is the well-known default, which is refused when listening on ${config.host}. ` +
      'Set another one with --reset-cred, or in iam.json.',
  )
}
