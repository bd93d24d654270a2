import { join } from 'node:path'
import { findInstalled, goSource } from '../cache.ts'
import { type Account, awsEnvironment, command } from '../client.ts'
import { makeBucket } from '../make-bucket.ts'
import type { Traveller } from '../round-trip.ts'

const module = goSource('objstore', 'objstore', 'github.com/thanos-io/objstore@latest', ['test', '-c'])

/** The suite by which Thanos, Cortex and Mimir accept an object store. */
export function objstore(account: Account): Traveller {
  let program = ''
  return {
    name: 'objstore',
    findVersion: async (mayInstall) => {
      const folder = await findInstalled(module, mayInstall)
      if (folder === undefined) return undefined
      program = join(folder, 'client')
      return "Thanos's acceptance suite"
    },
    steps: ({ bucket }) => [
      ['is given a bucket', () => makeBucket(account, bucket)],
      ['accepts it', () => command(program, ['-test.v'], { ...awsEnvironment(account), CLIENT_BUCKET: bucket })],
    ],
  }
}
