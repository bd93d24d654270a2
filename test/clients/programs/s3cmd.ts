import { join } from 'node:path'
import { findInstalled, pythonPackages } from '../cache.ts'
import { type Account, type Client, command, findFirstLine } from '../client.ts'
import { sameAgain } from '../round-trip.ts'

const packages = pythonPackages('s3cmd-2.4.0', ['s3cmd==2.4.0'])

export function s3cmd(account: Account): Client {
  const settings = [
    '--config=/dev/null',
    `--access_key=${account.accessKey}`,
    `--secret_key=${account.secretKey}`,
    `--host=${account.url.host}`,
    `--host-bucket=${account.url.host}`,
    '--region=us-east-1',
    '--no-ssl',
    '--no-progress',
  ]
  let program = 's3cmd'
  const run = (...parameters: string[]) => command(program, [...settings, ...parameters])
  return {
    name: 's3cmd',
    findVersion: async (mayInstall) => {
      const version = await findFirstLine('s3cmd', ['--version'])
      if (version !== undefined) return version
      const folder = await findInstalled(packages, mayInstall)
      if (folder === undefined) return undefined
      program = join(folder, 'bin', 's3cmd')
      return findFirstLine(program, ['--version'])
    },
    createBucket: async (bucket) => {
      await run('mb', `s3://${bucket}`)
    },
    syncUp: async (folder, bucket) => {
      await run('sync', '--delete-removed', `${folder}/`, `s3://${bucket}/`)
    },
    syncDown: async (bucket, folder) => {
      await run('sync', '--delete-removed', `s3://${bucket}/`, `${folder}/`)
    },
    presign: async (bucket, key) => (await run('signurl', `s3://${bucket}/${key}`, '+3600')).trim(),
    listKeys: async (bucket) => {
      const listed = await run('ls', '--recursive', `s3://${bucket}/`)
      const start = `s3://${bucket}/`
      return listed.split('\n').flatMap((line) => {
        const at = line.indexOf(start)
        return at < 0 ? [] : [line.slice(at + start.length)]
      })
    },
    furtherSteps: (bucket, source) => [
      ['copies on the server', () => run('cp', `s3://${bucket}/plain.txt`, `s3://${bucket}/copy.txt`)],
      ['moves on the server', () => run('mv', `s3://${bucket}/copy.txt`, `s3://${bucket}/moved.txt`)],
      ['modifies metadata', () => run('modify', '--add-header=x-amz-meta-by:s3cmd', `s3://${bucket}/moved.txt`)],
      [
        'reads back what it modified',
        async () => {
          const said = await run('info', `s3://${bucket}/moved.txt`)
          if (!said.includes('x-amz-meta-by')) throw new Error(said)
        },
      ],
      [
        'encrypts on the server',
        async () => {
          await run('put', '--server-side-encryption', join(source, 'large.bin'), `s3://${bucket}/sealed.bin`)
          const said = await run('info', `s3://${bucket}/sealed.bin`)
          if (!/SSE:\s+AES256/.test(said)) throw new Error(said)
          await sameAgain(source, 'large.bin', (path) => run('get', '--force', `s3://${bucket}/sealed.bin`, path))
        },
      ],
      [
        'encrypts with a KMS key',
        async () => {
          const kms = ['--server-side-encryption', '--server-side-encryption-kms-id=alias/aws/s3']
          await run('put', ...kms, join(source, 'plain.txt'), `s3://${bucket}/kms.txt`)
          await sameAgain(source, 'plain.txt', (path) => run('get', '--force', `s3://${bucket}/kms.txt`, path))
        },
      ],
    ],
    deleteBucket: async (bucket) => {
      await run('rb', '--recursive', '--force', `s3://${bucket}`)
    },
  }
}
