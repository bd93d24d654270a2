import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findInstalled, goProgram } from '../cache.ts'
import { type Account, type Client, command, commandReading, findFirstLine } from '../client.ts'
import { expectEqual, sameAgain } from '../round-trip.ts'

/** Its releases are no versions of the module: this is the last one. */
const module = goProgram('mc-20250313', 'github.com/minio/mc@v0.0.0-20250313080218-cf909e1063a9')

function expectIn(what: string, said: string, wanted: string): void {
  if (!said.includes(wanted)) throw new Error(`${what} is not ${wanted}: ${said}`)
}

/** MinIO's client. */
export function mc(account: Account): Client {
  const { url, accessKey, secretKey } = account
  const environment = {
    MC_HOST_ours: `${url.protocol}//${accessKey}:${secretKey}@${url.host}`,
    MC_CONFIG_DIR: join(tmpdir(), `mc-${process.pid}`),
    MC_NO_COLOR: '1',
  }
  let program = 'mc'
  const run = (...parameters: string[]) => command(program, ['--quiet', ...parameters], environment)
  return {
    name: 'mc',
    findVersion: async (mayInstall) => {
      // Midnight Commander has the same name.
      const version = await findFirstLine('mc', ['--version'])
      if (version?.startsWith('mc version')) return version
      const folder = await findInstalled(module, mayInstall)
      if (folder === undefined) return undefined
      program = join(folder, 'bin', 'mc')
      return findFirstLine(program, ['--version'])
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
    furtherSteps: (bucket, source) => [
      ['says that the server is ready', () => run('ready', 'ours')],
      [
        'pipes what has no length',
        async () => {
          const large = join(source, 'large.bin')
          await commandReading(program, ['pipe', `ours/${bucket}/piped`], environment, createReadStream(large))
          const back = join(tmpdir(), `mc-piped-${process.pid}`)
          await run('cp', `ours/${bucket}/piped`, back)
          const isSame = (await readFile(back)).equals(await readFile(large))
          expectEqual('what was piped is the same', String(isSame), 'true')
        },
      ],
      ['copies on the server', () => run('cp', `ours/${bucket}/large.bin`, `ours/${bucket}/copied/large.bin`)],
      ['moves on the server', () => run('mv', `ours/${bucket}/copied/large.bin`, `ours/${bucket}/moved.bin`)],
      ['has a bucket encrypt by default', () => run('encrypt', 'set', 'sse-s3', `ours/${bucket}`)],
      [
        'is told of it',
        async () => {
          const said = await run('encrypt', 'info', '--json', `ours/${bucket}`)
          if (!/sse-s3|AES256/i.test(said)) throw new Error(said)
        },
      ],
      [
        'encrypts with a key of its own, and reads back with it',
        async () => {
          const own = `--enc-c=ours/${bucket}/own=${randomBytes(32).toString('hex')}`
          await run('cp', own, join(source, 'large.bin'), `ours/${bucket}/own.bin`)
          await sameAgain(source, 'large.bin', (path) => run('cp', own, `ours/${bucket}/own.bin`, path))
          await run('rm', `ours/${bucket}/own.bin`)
        },
      ],
      [
        'has a bucket encrypt with a KMS key, and reads back',
        async () => {
          const sealed = `ours/${bucket}/kms.bin`
          await run('encrypt', 'set', 'sse-kms', 'alias/aws/s3', `ours/${bucket}`)
          await run('cp', join(source, 'large.bin'), sealed)
          await sameAgain(source, 'large.bin', (path) => run('cp', sealed, path))
          expectIn('its encryption', await run('stat', '--json', sealed), 'aws:kms')
          await run('rm', sealed)
        },
      ],
      [
        'sets rules for CORS, and is told of them',
        async () => {
          const rules = join(tmpdir(), `mc-cors-${process.pid}.xml`)
          const origin = '<AllowedOrigin>https://app.example.com</AllowedOrigin><AllowedMethod>PUT</AllowedMethod>'
          await writeFile(rules, `<CORSConfiguration><CORSRule>${origin}</CORSRule></CORSConfiguration>`)
          await run('cors', 'set', `ours/${bucket}`, rules)
          expectIn('its rule', await run('cors', 'get', `ours/${bucket}`), 'https://app.example.com')
          await run('cors', 'remove', `ours/${bucket}`)
          await rm(rules)
        },
      ],
      ['has it encrypt no longer', () => run('encrypt', 'clear', `ours/${bucket}`)],
      [
        'locks a bucket, an object and a version, and finds what it has locked',
        async () => {
          const vault = `ours/${bucket}-vault`
          await run('mb', '--with-lock', vault)
          await run('retention', 'set', '--default', 'GOVERNANCE', '1d', vault)
          expectIn('the default', await run('retention', 'info', '--default', '--json', vault), '"GOVERNANCE"')
          await run('cp', join(source, 'large.bin'), `${vault}/large.bin`)
          expectIn('its retention', await run('retention', 'info', '--json', `${vault}/large.bin`), '"GOVERNANCE"')
          await run('legalhold', 'set', `${vault}/large.bin`)
          expectIn('its hold', await run('legalhold', 'info', '--json', `${vault}/large.bin`), '"ON"')
          await run('legalhold', 'clear', `${vault}/large.bin`)
          await run('retention', 'clear', `${vault}/large.bin`)
          await run('retention', 'set', '--bypass', 'GOVERNANCE', '2d', `${vault}/large.bin`)
          await run('rm', '--recursive', '--versions', '--bypass', '--force', vault)
          await run('rb', vault)
        },
      ],
      ['finds all as it was', async () => void (await run('stat', `ours/${bucket}/moved.bin`))],
    ],
    deleteBucket: async (bucket) => {
      await run('rb', '--force', `ours/${bucket}`)
    },
  }
}
