import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { findInstalled, mavenProject } from '../cache.ts'
import { type Account, awsEnvironment, command } from '../client.ts'
import { makeBucket } from '../make-bucket.ts'
import { expectEqual, type Traveller } from '../round-trip.ts'

const project = mavenProject('s3a-3.4.1', 's3a')

/** Hadoop's file system on S3. It is given no region, as in most of its manuals. */
export function s3a(account: Account): Traveller {
  let classes = ''
  return {
    name: 's3a',
    findVersion: async (mayInstall) => {
      const folder = await findInstalled(project, mayInstall)
      if (folder === undefined) return undefined
      classes = [join(folder, 'target', 'classes'), join(folder, 'jars', '*')].join(':')
      return '3.4.1'
    },
    steps: ({ bucket, source, folder }) => {
      const { AWS_DEFAULT_REGION: _, ...environment } = awsEnvironment(account)
      return [
        ['is given a bucket', () => makeBucket(account, bucket)],
        [
          'makes folders, renames them, reads from within, and takes all back',
          async () => {
            await mkdir(folder, { recursive: true })
            await command('java', ['-cp', classes, 'Client', bucket, source, folder], environment)
            const names = (await readdir(join(folder, 'deeper'))).sort().join()
            expectEqual('the folder', names, 'empty.bin,large.bin,plain.txt,with space.txt')
          },
        ],
      ]
    },
  }
}
