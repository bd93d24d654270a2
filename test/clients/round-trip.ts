/** The steps that every client goes through: a tree of files there and back. */
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from './client.ts'
import { compareTrees, listTree } from './tree.ts'

export interface Luggage {
  readonly bucket: string
  readonly source: string
  /** The folder to download to; it does not exist yet. */
  readonly folder: string
}

/** `skipped`: the client has no such thing. */
export type Step = readonly [name: string, run: () => Promise<unknown>]

/** Something that is tried against the server, in steps that build on each other. */
export interface Traveller {
  readonly name: string
  /** Its version in one line; undefined if it is not on this machine and may not or cannot be installed. */
  findVersion(mayInstall: boolean): Promise<string | undefined>
  steps(luggage: Luggage): readonly Step[]
}

export function roundTrip(client: Client): Traveller {
  return {
    name: client.name,
    findVersion: (mayInstall) => client.findVersion(mayInstall),
    steps: (luggage) => {
      const { bucket, source } = luggage
      return [
        ['creates a bucket', () => client.createBucket(bucket)],
        ['sends a tree', () => client.syncUp(source, bucket)],
        ['lists what it sent', () => checkListing(client, luggage)],
        ['gets the tree back', () => checkReturn(luggage, (folder) => client.syncDown(bucket, folder))],
        ['signs a URL that others can read', () => checkPresigned(client, luggage)],
        ['sends the tree again', () => client.syncUp(source, bucket)],
        [
          'manages users, roles and sessions',
          async () => (client.manageIdentities ? client.manageIdentities() : 'skipped'),
        ],
        ['manages KMS keys', async () => (client.manageKeys ? client.manageKeys() : 'skipped')],
        ...(client.furtherSteps?.(bucket, source) ?? []),
        ['deletes the bucket and all in it', () => client.deleteBucket(bucket)],
      ]
    },
  }
}

async function checkListing(client: Client, { bucket, source }: Luggage): Promise<void> {
  const [found, wanted] = [(await client.listKeys(bucket)).sort(), (await listTree(source)).sort()]
  expectEqual('the listing', found.join('\n'), wanted.join('\n'))
}

export async function checkReturn(
  { source, folder }: Luggage,
  bringBack: (folder: string) => Promise<unknown>,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  await bringBack(folder)
  expectEqual('the tree', (await compareTrees(source, folder)).join(', '), '')
}

async function checkPresigned(client: Client, { bucket, source }: Luggage): Promise<'skipped' | undefined> {
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

export function expectEqual(what: string, found: string, wanted: string): void {
  if (found !== wanted) throw new Error(`${what}: found\n${found}\ninstead of\n${wanted}`)
}

/** Asserts that the downloaded file is the uploaded one. */
export async function sameAgain(
  source: string,
  name: string,
  bringBack: (path: string) => Promise<unknown>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'myfsio-same-'))
  try {
    const path = join(folder, 'back')
    await bringBack(path)
    const isSame = (await readFile(path)).equals(await readFile(join(source, name)))
    expectEqual(`whether ${name} is the same again`, String(isSame), 'true')
  } finally {
    await rm(folder, { recursive: true })
  }
}
