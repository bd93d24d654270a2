import { appendFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Account, command, findFirstLine } from '../client.ts'
import { checkReturn, type Traveller } from '../round-trip.ts'

/** A backup: it stores thousands of objects, reads ranges of them, locks by listing, and deletes in bulk. */
export function restic(account: Account): Traveller {
  const environment = {
    AWS_ACCESS_KEY_ID: account.accessKey,
    AWS_SECRET_ACCESS_KEY: account.secretKey,
    RESTIC_PASSWORD: 'of no importance',
    RESTIC_PROGRESS_FPS: '0',
  }
  return {
    name: 'restic',
    findVersion: () => findFirstLine('restic', ['version']),
    steps: (luggage) => {
      const { bucket, source, folder } = luggage
      const run = (...parameters: string[]) =>
        command('restic', ['--no-cache', '--repo', `s3:${account.url.origin}/${bucket}`, ...parameters], environment)
      const restore = async (target: string) => {
        await run('restore', 'latest', '--target', target)
      }
      const backUp = () => run('backup', source)
      return [
        ['makes a repository, and its bucket', () => run('init')],
        ['backs a tree up', backUp],
        ['finds every byte right', () => run('check', '--read-data')],
        ['restores the tree', () => checkReturn(luggage, (to) => restoreInto(to, source, restore))],
        ['backs it up again, and again after a change', () => backUpTwice(backUp, folder, run)],
        ['forgets and prunes', () => run('forget', '--keep-last', '1', '--prune')],
        ['finds every byte right after that', () => run('check', '--read-data')],
      ]
    },
  }
}

/** restic restores under the full path that was backed up. */
async function restoreInto(folder: string, source: string, restore: (target: string) => Promise<void>): Promise<void> {
  const target = await mkdtemp(`${folder}-restored-`)
  await restore(target)
  for (const name of await readdir(join(target, source))) await rename(join(target, source, name), join(folder, name))
  await rm(target, { recursive: true })
}

async function backUpTwice(
  backUp: () => Promise<unknown>,
  folder: string,
  run: (...parameters: string[]) => Promise<unknown>,
): Promise<void> {
  await backUp()
  const changed = `${folder}-changed`
  await mkdir(changed)
  await appendFile(join(changed, 'new.txt'), 'new')
  await run('backup', changed)
}
