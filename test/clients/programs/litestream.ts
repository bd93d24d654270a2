import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startInBackground, waitUntil } from '../background-program.ts'
import { findInstalled, goProgram } from '../cache.ts'
import { type Account, awsEnvironment, command, findFirstLine } from '../client.ts'
import { makeBucket } from '../make-bucket.ts'
import type { Luggage, Traveller } from '../round-trip.ts'

const module = goProgram('litestream-0.5.18', 'github.com/benbjohnson/litestream/cmd/litestream@v0.5.18')

/** A SQLite database that is replicated while it changes, and restored. */
export function litestream(account: Account): Traveller {
  let program = ''
  return {
    name: 'litestream',
    findVersion: async (mayInstall) => {
      const folder = await findInstalled(module, mayInstall)
      const hasPython = (await findFirstLine('python3', ['-c', 'import sqlite3'])) !== undefined
      if (folder === undefined || !hasPython) return undefined
      program = join(folder, 'bin', 'litestream')
      return '0.5.18'
    },
    steps: (luggage) => [
      ['is given a bucket', () => makeBucket(account, luggage.bucket)],
      ['replicates a database and restores it', () => replicate(program, account, luggage)],
    ],
  }
}

async function replicate(program: string, account: Account, { bucket, folder }: Luggage): Promise<void> {
  await mkdir(folder, { recursive: true })
  const database = join(folder, 'original.db')
  const settings = join(folder, 'litestream.yml')
  await writeFile(settings, configuration(account, database, bucket))
  const count = 'SELECT count(*), sum(length(text)) FROM notes'
  await sqlite(database, 'PRAGMA journal_mode=WAL', 'CREATE TABLE notes (text)')
  const running = startInBackground(program, ['replicate', '-config', settings], environmentOf(account))
  try {
    for (let at = 0; at < 5; at++) {
      await sqlite(database, `INSERT INTO notes SELECT hex(randomblob(500)) FROM json_each('[${'0,'.repeat(99)}0]')`)
    }
    const wanted = await sqlite(database, count)
    let tries = 0
    await waitUntil('what is restored is what was written', async () => {
      const restored = join(folder, `restored-${tries++}.db`)
      await command(program, ['restore', '-config', settings, '-o', restored, database], environmentOf(account))
      return (await sqlite(restored, count)) === wanted
    })
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${running.said().slice(-3000)}`)
  } finally {
    await running.stop()
  }
}

/** It refuses a bundle of certificates together with its own HTTP client. */
function environmentOf(account: Account): Record<string, string> {
  return { ...awsEnvironment(account), AWS_CA_BUNDLE: '' }
}

function sqlite(file: string, ...statements: string[]): Promise<string> {
  const script = `import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    for statement in sys.argv[2:]: print(db.execute(statement).fetchall())`
  return command('python3', ['-c', script, file, ...statements])
}

const configuration = ({ url, accessKey, secretKey }: Account, database: string, bucket: string) => `
dbs:
  - path: ${database}
    replica:
      type: s3
      bucket: ${bucket}
      path: db
      endpoint: ${url.origin}
      region: us-east-1
      force-path-style: true
      access-key-id: ${accessKey}
      secret-access-key: ${secretKey}
      sync-interval: 200ms
`
