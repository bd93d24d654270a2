import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { waitUntil } from '../background-program.ts'
import { type Account, command, findFirstLine } from '../client.ts'
import { makeBucket } from '../make-bucket.ts'
import { checkReturn, expectEqual, type Luggage, type Traveller } from '../round-trip.ts'
import { listTree } from '../tree.ts'

/** A bucket as a file system (Debian's package s3fs). */
export function s3fs(account: Account): Traveller {
  return {
    name: 's3fs',
    findVersion: async () => {
      const hasFuse = await access('/dev/fuse').then(
        () => true,
        () => false,
      )
      return hasFuse ? findFirstLine('s3fs', ['--version']) : undefined
    },
    steps: (luggage) => {
      const mount = `${luggage.folder}-mount`
      return [
        ['is given a bucket', () => makeBucket(account, luggage.bucket)],
        ['is mounted, carries a tree, renames and deletes in it', () => useMounted(account, luggage, mount)],
      ]
    },
  }
}

async function useMounted(account: Account, luggage: Luggage, mount: string): Promise<void> {
  const { bucket, source, folder } = luggage
  const keys = `${folder}-keys`
  await writeFile(keys, `${account.accessKey}:${account.secretKey}`, { mode: 0o600 })
  await mkdir(mount)
  const options = [`url=${account.url.origin}`, 'use_path_request_style', `passwd_file=${keys}`]
  await command('s3fs', [bucket, mount, ...options.flatMap((option) => ['-o', option])])
  try {
    await waitUntil('it is mounted', async () => (await command('mount', [])).includes(mount))
    await command('cp', ['-r', `${source}/.`, mount])
    await checkReturn(luggage, (to) => command('cp', ['-r', `${mount}/.`, to]))
    await rename(join(mount, 'deep'), join(mount, 'moved'))
    expectEqual('what was moved', (await listTree(join(mount, 'moved'))).sort().join(), 'er.txt,er/and deeper/file.txt')
    await rm(join(mount, 'moved'), { recursive: true })
    await rm(join(mount, 'large.bin'))
  } finally {
    await command('umount', [mount])
  }
}
