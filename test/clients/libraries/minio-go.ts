import { join } from 'node:path'
import { findInstalled, goSource } from '../cache.ts'
import { type Account, awsEnvironment, command } from '../client.ts'
import { checkReturn, type Traveller } from '../round-trip.ts'

/** Before 7.0.93 a stream's whole checksum is sent without the number of its parts. */
export const minioGoVersions = ['7.0.92', '7.4.1'] as const

export function minioGo(account: Account, version: (typeof minioGoVersions)[number]): Traveller {
  const name = `minio-go-${version}`
  const module = goSource(name, 'minio-go', `github.com/minio/minio-go/v7@v${version}`, ['build'])
  let program = ''
  return {
    name,
    findVersion: async (mayInstall) => {
      const folder = await findInstalled(module, mayInstall)
      if (folder === undefined) return undefined
      program = join(folder, 'client')
      return version
    },
    steps: (luggage) => {
      const { bucket, source } = luggage
      const step = (name: string, to = '') => command(program, [name, bucket, source, to], awsEnvironment(account))
      return [
        ['streams what has no length', () => step('stream')],
        ['sends a tree', () => step('send')],
        ['gets the tree back', () => checkReturn(luggage, (to) => step('get', to))],
        ['copies and composes on the server', () => step('compose')],
        ['encrypts with keys of its own, of the server and of the KMS', () => step('seal')],
        ['locks versions', () => step('lock')],
        ['sets rules for CORS', () => step('share')],
        ['appends', () => step('append')],
        ['deletes the bucket and all in it', () => step('remove')],
      ]
    },
  }
}
