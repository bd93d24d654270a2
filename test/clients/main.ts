/**
 * `npm run test:clients [-- NAME...]`: one round trip through every S3 client found on this machine, against a server
 * of its own. A client that is named must be there.
 */
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startOwnServer } from '../bench/own-server.ts'
import { awsCli } from './aws-cli.ts'
import { boto3 } from './boto3.ts'
import type { Account, Client } from './client.ts'
import { curl } from './curl.ts'
import { rclone } from './rclone.ts'
import { s3cmd } from './s3cmd.ts'
import { compareTrees, listTree, writeTree } from './tree.ts'

const makers = [awsCli, boto3, s3cmd, rclone, curl]

interface Trip {
  readonly client: Client
  readonly bucket: string
  readonly source: string
  readonly folder: string
}

/** `skipped`: the client has no such thing. */
type Step = readonly [name: string, run: (trip: Trip) => Promise<unknown>]

/** In this order: each builds on what the one before left. */
const steps: readonly Step[] = [
  ['creates a bucket', ({ client, bucket }) => client.createBucket(bucket)],
  ['sends a tree', ({ client, bucket, source }) => client.syncUp(source, bucket)],
  ['lists what it sent', checkListing],
  ['gets the tree back', checkReturn],
  ['signs a URL that others can read', checkPresigned],
  ['sends the tree again', ({ client, bucket, source }) => client.syncUp(source, bucket)],
  [
    'manages users, roles and sessions',
    async ({ client }) => (client.manageIdentities ? client.manageIdentities() : 'skipped'),
  ],
  ['deletes the bucket and all in it', ({ client, bucket }) => client.deleteBucket(bucket)],
]

async function checkListing({ client, bucket, source }: Trip): Promise<void> {
  const [found, wanted] = [(await client.listKeys(bucket)).sort(), (await listTree(source)).sort()]
  expectEqual('the listing', found.join('\n'), wanted.join('\n'))
}

async function checkReturn({ client, bucket, source, folder }: Trip): Promise<void> {
  await mkdir(folder, { recursive: true })
  await client.syncDown(bucket, folder)
  expectEqual('the tree', (await compareTrees(source, folder)).join(', '), '')
}

async function checkPresigned({ client, bucket, source }: Trip): Promise<'skipped' | undefined> {
  for (const key of ['with space.txt', 'ümläut-日本語-🙂.txt', 'large.bin']) {
    const url = await client.presign(bucket, key)
    if (url === undefined) return 'skipped'
    const answer = await fetch(url)
    const digest = createHash('sha256')
      .update(Buffer.from(await answer.arrayBuffer()))
      .digest('hex')
    const wanted = createHash('sha256').update(await readFile(join(source, key)))
    expectEqual(`${answer.status} for ${key}`, digest, wanted.digest('hex'))
  }
  return undefined
}

function expectEqual(what: string, found: string, wanted: string): void {
  if (found !== wanted) throw new Error(`${what}: found\n${found}\ninstead of\n${wanted}`)
}

/** Gives how many steps passed and failed; a failed step ends the trip. */
async function roundTrip(trip: Trip): Promise<{ passed: number; failed: number }> {
  let passed = 0
  for (const [name, run] of steps) {
    try {
      const isSkipped = (await run(trip)) === 'skipped'
      if (!isSkipped) passed++
      console.log(`  ${isSkipped ? 'skip' : 'ok  '}  ${trip.client.name} ${name}`)
    } catch (error) {
      const said = error instanceof Error ? `${error.message}\n${(error as { stderr?: string }).stderr ?? ''}` : error
      console.log(`  FAIL  ${trip.client.name} ${name}: ${said}`)
      return { passed, failed: 1 }
    }
  }
  return { passed, failed: 0 }
}

async function main(named: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'clients-'))
  const data = join(folder, 'data')
  await mkdir(data)
  const { url, server } = await startOwnServer(data)
  const account: Account = { url, accessKey: 'localadmin', secretKey: 'localadmin' }
  const total = { passed: 0, failed: 0 }
  try {
    const source = join(folder, 'source')
    await writeTree(source)
    for (const client of makers.map((make) => make(account))) {
      if (named.length > 0 && !named.includes(client.name)) continue
      const version = await client.findVersion()
      console.log(version === undefined ? `${client.name}: not found` : `${client.name}: ${version}`)
      if (version === undefined) {
        if (named.length > 0) total.failed++
        continue
      }
      const result = await roundTrip({
        client,
        bucket: `trip-${client.name}`,
        source,
        folder: join(folder, client.name),
      })
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
