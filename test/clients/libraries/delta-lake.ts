import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findInstalled, pythonPackages } from '../cache.ts'
import { type Account, awsEnvironment, command } from '../client.ts'
import { makeBucket } from '../make-bucket.ts'
import type { Traveller } from '../round-trip.ts'

const script = fileURLToPath(new URL('./deltalake_steps.py', import.meta.url))
const packages = pythonPackages('deltalake-1.6.6', ['deltalake==1.6.6', 'pyarrow'])

/** Its commits are conditional writes: no two may succeed for one version. */
export function deltaLake(account: Account): Traveller {
  let python = ''
  return {
    name: 'deltalake',
    findVersion: async (mayInstall) => {
      const folder = await findInstalled(packages, mayInstall)
      if (folder === undefined) return undefined
      python = join(folder, 'bin', 'python')
      return '1.6.6'
    },
    steps: ({ bucket }) => [
      ['is given a bucket', () => makeBucket(account, bucket)],
      ['commits from several processes at once', () => command(python, [script, bucket], awsEnvironment(account))],
    ],
  }
}
