/**
 * `npm run test:clients [-- NAME...]`: one round trip through every S3 client on this machine, against a server of its
 * own. A named client is installed if possible (see cache.ts), and must then be there; `--all` installs all that it
 * can, and skips the rest.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startOwnServer } from '../bench/servers/own-server.ts'
import type { Account } from './client.ts'
import { awsSdk } from './libraries/aws-sdk.ts'
import { boto3 } from './libraries/boto3.ts'
import { deltaLake } from './libraries/delta-lake.ts'
import { jest } from './libraries/jest.ts'
import { minioGo, minioGoVersions } from './libraries/minio-go.ts'
import { minioPy } from './libraries/minio-py.ts'
import { objstore } from './libraries/objstore.ts'
import { s3a } from './libraries/s3a.ts'
import { awsCli } from './programs/aws-cli.ts'
import { curl } from './programs/curl.ts'
import { litestream } from './programs/litestream.ts'
import { mc } from './programs/mc.ts'
import { rclone } from './programs/rclone.ts'
import { registry } from './programs/registry.ts'
import { restic } from './programs/restic.ts'
import { s3cmd } from './programs/s3cmd.ts'
import { s3fs } from './programs/s3fs.ts'
import { terraform } from './programs/terraform.ts'
import { roundTrip, type Step, type Traveller } from './round-trip.ts'
import { writeTree } from './tree.ts'

const clients = [awsCli, boto3, awsSdk, s3cmd, rclone, mc, curl]

/** Gives how many steps passed and failed; a failed step ends the trip. */
async function travel(name: string, steps: readonly Step[]): Promise<{ passed: number; failed: number }> {
  let passed = 0
  for (const [step, run] of steps) {
    try {
      const isSkipped = (await run()) === 'skipped'
      if (!isSkipped) passed++
      console.log(`  ${isSkipped ? 'skip' : 'ok  '}  ${name} ${step}`)
    } catch (error) {
      const said = error instanceof Error ? `${error.message}\n${(error as { stderr?: string }).stderr ?? ''}` : error
      console.log(`  FAIL  ${name} ${step}: ${said}`)
      return { passed, failed: 1 }
    }
  }
  return { passed, failed: 0 }
}

async function main(parameters: readonly string[]): Promise<void> {
  const all = parameters.includes('--all')
  const named = parameters.filter((name) => name !== '--all')
  const folder = await mkdtemp(join(tmpdir(), 'clients-'))
  const data = join(folder, 'data')
  await mkdir(data)
  const { url, server } = await startOwnServer(data)
  const account: Account = { url, accessKey: 'localadmin', secretKey: 'localadmin' }
  const travellers: Traveller[] = [
    ...clients.map((make) => roundTrip(make(account))),
    restic(account),
    terraform(account),
    minioPy(account),
    ...minioGoVersions.map((version) => minioGo(account, version)),
    s3a(account),
    deltaLake(account),
    objstore(account),
    registry(account),
    litestream(account),
    s3fs(account),
    jest(),
  ]
  const mayInstall = all || named.length > 0
  const total = { passed: 0, failed: 0 }
  try {
    const source = join(folder, 'source')
    await writeTree(source)
    for (const traveller of travellers) {
      const { name } = traveller
      if (named.length > 0 && !named.includes(name)) continue
      const version = await traveller.findVersion(mayInstall)
      console.log(version === undefined ? `${name}: not found` : `${name}: ${version}`)
      if (version === undefined) {
        if (named.length > 0) total.failed++
        continue
      }
      const luggage = { bucket: `trip-${name.replaceAll('.', '-')}`, source, folder: join(folder, name) }
      const result = await travel(name, traveller.steps(luggage))
      total.passed += result.passed
      total.failed += result.failed
    }
  } finally {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  console.log(`${total.passed} passed, ${total.failed} failed`)
  if (total.failed > 0 || total.passed === 0) process.exitCode = 1
}

await main(process.argv.slice(2))
