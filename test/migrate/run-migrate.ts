/** `myfsio migrate` as a user runs it. */
import { join } from 'node:path'
import { type Launched, launch } from '../launcher/launcher.ts'
import type { TestServer } from '../s3/start-server.ts'
import { testSecretKey } from '../support/program.ts'

export interface Migrated {
  readonly status: number | null
  readonly lines: string[]
}

/** Imports into the data folder below `root`. */
export function startMigrate(
  root: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Launched {
  const settings = { STORAGE_ROOT: join(root, 'data'), SECRET_KEY: testSecretKey, AWS_EC2_METADATA_DISABLED: 'true' }
  return launch(['migrate', ...words], { ...settings, ...sourceCredentials, ...env })
}

export async function runMigrate(...asked: Parameters<typeof startMigrate>): Promise<Migrated> {
  const launched = startMigrate(...asked)
  const status = await launched.exited
  return { status, lines: launched.stdout().trim().split('\n') }
}

export const sourceCredentials = { FROM_ACCESS_KEY_ID: 'main', FROM_SECRET_ACCESS_KEY: 'main-secret' }

/** The address of a server, or of a bucket or prefix there. */
export const addressOf = ({ endpoint }: Pick<TestServer, 'endpoint'>, place = '') =>
  `s3://${place}?endpoint=${encodeURIComponent(endpoint)}`
