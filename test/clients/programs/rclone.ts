import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findInstalled, goProgram } from '../cache.ts'
import { type Account, type Client, command, findFirstLine } from '../client.ts'
import { expectEqual, sameAgain } from '../round-trip.ts'
import { openTunnel } from '../tls-tunnel.ts'

const module = goProgram('rclone-1.71.2', 'github.com/rclone/rclone@v1.71.2')

export function rclone(account: Account): Client {
  const environment = {
    RCLONE_CONFIG: '/dev/null',
    RCLONE_CONFIG_OURS_TYPE: 's3',
    RCLONE_CONFIG_OURS_PROVIDER: 'Other',
    RCLONE_CONFIG_OURS_ENDPOINT: account.url.origin,
    RCLONE_CONFIG_OURS_ACCESS_KEY_ID: account.accessKey,
    RCLONE_CONFIG_OURS_SECRET_ACCESS_KEY: account.secretKey,
    // Its SDK fails if it is set for other programs.
    AWS_CA_BUNDLE: '',
    // Otherwise one PUT is used up to 200 MiB, and multipart would not be tried.
    RCLONE_CONFIG_OURS_UPLOAD_CUTOFF: '5Mi',
  }
  let program = 'rclone'
  const run = (...parameters: string[]) => command(program, parameters, environment)

  /** Its SDK sends no keys without TLS. */
  async function sealWithOwnKey(bucket: string, source: string): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'rclone-'))
    const tunnel = await openTunnel(account.url, folder)
    try {
      const secure = { ...environment, RCLONE_CONFIG_OURS_ENDPOINT: tunnel.url.origin }
      const run = (...parameters: string[]) =>
        command(program, ['--ca-cert', tunnel.certificatePath, ...parameters], secure)
      const key = randomBytes(16).toString('hex')
      const own = `ours,sse_customer_algorithm=AES256,sse_customer_key=${key}:${bucket}/own.bin`
      await run('copyto', join(source, 'large.bin'), own)
      await sameAgain(source, 'large.bin', (path) => run('copyto', own, path))
      const open = await run('cat', `ours:${bucket}/own.bin`).catch(() => '')
      expectEqual('what is read without its key', open, '')
    } finally {
      tunnel.close()
      await rm(folder, { recursive: true })
    }
  }

  return {
    name: 'rclone',
    findVersion: async (mayInstall) => {
      const version = await findFirstLine('rclone', ['version'])
      if (version !== undefined) return version
      const folder = await findInstalled(module, mayInstall)
      if (folder === undefined) return undefined
      program = join(folder, 'bin', 'rclone')
      return findFirstLine(program, ['version'])
    },
    createBucket: async (bucket) => {
      await run('mkdir', `ours:${bucket}`)
    },
    syncUp: async (folder, bucket) => {
      await run('sync', folder, `ours:${bucket}`)
    },
    syncDown: async (bucket, folder) => {
      await run('sync', `ours:${bucket}`, folder)
    },
    presign: async (bucket, key) => (await run('link', '--expire', '1h', `ours:${bucket}/${key}`)).trim(),
    listKeys: async (bucket) => {
      const listed = await run('lsf', '--recursive', '--files-only', `ours:${bucket}`)
      return listed.split('\n').filter((line) => line !== '')
    },
    furtherSteps: (bucket, source) => [
      ['encrypts with a key of its own, and reads back with it', () => sealWithOwnKey(bucket, source)],
      [
        'encrypts on the server',
        async () => {
          const sealed = `ours,server_side_encryption=AES256:${bucket}/sealed.bin`
          await run('copyto', join(source, 'large.bin'), sealed)
          await sameAgain(source, 'large.bin', (path) => run('copyto', sealed, path))
        },
      ],
    ],
    deleteBucket: async (bucket) => {
      await run('purge', `ours:${bucket}`)
    },
  }
}
