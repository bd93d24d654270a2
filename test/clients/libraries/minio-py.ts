import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findInstalled, pythonPackages } from '../cache.ts'
import { type Account, awsEnvironment, command } from '../client.ts'
import { checkReturn, type Traveller } from '../round-trip.ts'

const script = fileURLToPath(new URL('./minio_py_steps.py', import.meta.url))
const packages = pythonPackages('minio-py-7.2.20', ['minio==7.2.20'])

export function minioPy(account: Account): Traveller {
  let python = ''
  return {
    name: 'minio-py',
    findVersion: async (mayInstall) => {
      const folder = await findInstalled(packages, mayInstall)
      if (folder === undefined) return undefined
      python = join(folder, 'bin', 'python')
      return '7.2.20'
    },
    steps: (luggage) => {
      const { bucket, source } = luggage
      const environment = { ...awsEnvironment(account), PYTHONDONTWRITEBYTECODE: '1' }
      const step = (name: string, to = '') => command(python, [script, name, bucket, source, to], environment)
      return [
        ['streams what has no length', () => step('stream')],
        ['sends a tree', () => step('send')],
        ['gets the tree back', () => checkReturn(luggage, (to) => step('get', to))],
        ['copies and composes on the server', () => step('compose')],
        ['uses a bucket of another region', () => step('region')],
        ['deletes the bucket and all in it', () => step('remove')],
      ]
    },
  }
}
