/** The steps of the round trip. Each client is one file that implements them with its own commands. */
import { execFile } from 'node:child_process'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'

export interface Account {
  readonly url: URL
  readonly accessKey: string
  readonly secretKey: string
}

export interface Client {
  readonly name: string
  /** Its version in one line; undefined if it is not on this machine and may not or cannot be installed. */
  findVersion(mayInstall: boolean): Promise<string | undefined>
  createBucket(bucket: string): Promise<void>
  /** Makes the bucket's objects the files of the folder. */
  syncUp(folder: string, bucket: string): Promise<void>
  /** Makes the folder's files the objects of the bucket. */
  syncDown(bucket: string, folder: string): Promise<void>
  /** A URL that needs no credentials; undefined when the client cannot make one. */
  presign(bucket: string, key: string): Promise<string | undefined>
  listKeys(bucket: string): Promise<string[]>
  /** Deletes the bucket and its content. */
  deleteBucket(bucket: string): Promise<void>
  /** A user, a role and a session of it, made, used and deleted; absent where the client knows S3 only. */
  manageIdentities?(): Promise<void>
  /** A key of the KMS, made, used and on its way to deletion; absent where the client knows no KMS. */
  manageKeys?(): Promise<void>
  /** Further steps of this client, after the tree was uploaded. */
  furtherSteps?(bucket: string, source: string): readonly (readonly [name: string, run: () => Promise<unknown>])[]
}

const run = promisify(execFile)

/** Runs a command and returns its standard output; throws with its output if it fails. */
export async function command(
  program: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const options = { env: { ...process.env, ...environment }, maxBuffer: 64 * 1024 * 1024, timeout: 120_000 }
  const { stdout } = await run(program, [...parameters], options)
  return stdout
}

/** The first line of a command's output, or undefined if there is no such command. */
export async function findFirstLine(program: string, parameters: readonly string[]): Promise<string | undefined> {
  try {
    return (await command(program, parameters)).trim().split('\n')[0]
  } catch {
    return undefined
  }
}

/** The same, with its standard input. */
export async function commandReading(
  program: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>>,
  input: Readable,
): Promise<void> {
  const options = { env: { ...process.env, ...environment }, timeout: 120_000 }
  const running = execFile(program, [...parameters], options)
  let said = ''
  running.stderr?.on('data', (piece: string) => {
    said += piece
  })
  const ended = new Promise<void>((resolve, reject) => {
    running.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${program} ended with ${code}: ${said}`)),
    )
  })
  if (running.stdin !== null) input.pipe(running.stdin).on('error', () => {})
  await ended
}

/** Settings for clients built on AWS's SDKs, independent of the user's own files. */
export function awsEnvironment(account: Account): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: account.accessKey,
    AWS_SECRET_ACCESS_KEY: account.secretKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: account.url.origin,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    /** For our own steps in other languages. */
    CLIENT_HOST: account.url.host,
  }
}
