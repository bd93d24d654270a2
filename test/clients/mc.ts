import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Account, type Client, command, findFirstLine } from './client.ts'

/** MinIO's client. */
export function mc(account: Account): Client {
  const { url, accessKey, secretKey } = account
  const environment = {
    MC_HOST_ours: `${url.protocol}//${accessKey}:${secretKey}@${url.host}`,
    MC_CONFIG_DIR: join(tmpdir(), `mc-${process.pid}`),
    MC_NO_COLOR: '1',
  }
  const run = (...parameters: string[]) => command('mc', ['--quiet', ...parameters], environment)
  return {
    name: 'mc',
    findVersion: async () => {
      // Midnight Commander has the same name.
      const version = await findFirstLine('mc', ['--version'])
      return version?.startsWith('mc version') ? version : undefined
    },
    createBucket: async (bucket) => {
      await run('mb', `ours/${bucket}`)
    },
    syncUp: async (folder, bucket) => {
      await run('mirror', '--overwrite', '--remove', folder, `ours/${bucket}`)
    },
    syncDown: async (bucket, folder) => {
      await run('mirror', '--overwrite', '--remove', `ours/${bucket}`, folder)
    },
    presign: async (bucket, key) => {
      const shared = await run('share', 'download', '--json', `ours/${bucket}/${key}`)
      return (JSON.parse(shared) as { share: string }).share
    },
    listKeys: async (bucket) => {
      const listed = await run('ls', '--recursive', '--json', `ours/${bucket}`)
      return listed
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { key: string }).key)
    },
    deleteBucket: async (bucket) => {
      await run('rb', '--force', `ours/${bucket}`)
    },
  }
}
