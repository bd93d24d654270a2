/**
 * The root key is a file that is created at first use, readable by the server only, with a checksum and in two copies.
 * A damaged or missing copy is written again from the other. Both are created under names that must not exist yet, so
 * that several processes that start at the same time use one key. A root key that replaces another has files of its
 * own, which the document names.
 */
import { hash, randomBytes } from 'node:crypto'
import { link, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { RootRecord } from '#keyring/key-document.ts'
import { makeFolder } from '#lib/files/make-folder.ts'
import { privateFileMode } from '#lib/files/private-files.ts'
import { syncFolder } from '#lib/files/sync.ts'
import { hasCode } from '#lib/system/error-code.ts'
import { RootKeyProblem, type RootKeySource } from './root-key-source.ts'

const secretBytes = 32
const title = 'myfsio-root-key-1'

type Found = Buffer | 'missing' | 'damaged'

export interface RootKeyFiles {
  readonly path: string
  readonly copyPath: string
}

export function fileRootKey(first: RootKeyFiles): RootKeySource {
  return {
    kind: 'file',
    open: ({ file }) => open(named(first, file)),
    async make() {
      const found = await Promise.all([read(first.path), read(first.copyPath)])
      if (found.every((one) => one === 'missing')) await write(first.path, randomBytes(secretBytes), 'new')
      return { secret: await open(first) }
    },
    async renew() {
      const file = `kms_root-${randomBytes(4).toString('hex')}.key`
      const { path, copyPath } = named(first, file)
      const secret = randomBytes(secretBytes)
      for (const one of [path, copyPath]) await write(one, secret, 'new')
      return { secret, file }
    },
  }
}

const named = ({ path, copyPath }: RootKeyFiles, file: string | undefined): RootKeyFiles =>
  file === undefined ? { path, copyPath } : { path: join(dirname(path), file), copyPath: join(dirname(copyPath), file) }

/** Matches unfinished files as well. */
const rootKeyName = /^kms_root(-[0-9a-f]{8})?\.key(\.[0-9a-f]{12}\.tmp)?$/

/** Removes the files of all other root keys: those that were exchanged, and those of exchanges that did not finish. */
export async function removeOtherRootKeys({ path, copyPath }: RootKeyFiles, { kind, file }: RootRecord): Promise<void> {
  const kept = kind === 'file' ? (file ?? basename(path)) : undefined
  for (const folder of [dirname(path), dirname(copyPath)]) {
    const names = await readdir(folder).catch(() => [])
    const others = names.filter((name) => rootKeyName.test(name) && name !== kept)
    for (const name of others) await rm(join(folder, name), { force: true })
    if (others.length > 0) await syncFolder(folder)
  }
}

const advice = 'Restore it from a backup: without it no encrypted object can be read'

async function open({ path, copyPath }: RootKeyFiles): Promise<Buffer> {
  const [first, second] = await Promise.all([read(path), read(copyPath)])
  const good = [first, second].find((found) => Buffer.isBuffer(found))
  if (good === undefined) {
    const what = first === 'missing' && second === 'missing' ? 'is missing' : 'is damaged'
    throw new RootKeyProblem(`The root key of the KMS ${what}: ${path}, and its copy ${copyPath}. ${advice}.`)
  }
  if (Buffer.isBuffer(first) && Buffer.isBuffer(second) && !first.equals(second)) {
    throw new RootKeyProblem(`The root key of the KMS is not the same in ${path} and ${copyPath}. ${advice}.`)
  }
  // Best effort: if the volume cannot be written now, one good copy is enough.
  if (!Buffer.isBuffer(first)) await write(path, good, 'mend').catch(() => {})
  if (!Buffer.isBuffer(second)) await write(copyPath, good, 'mend').catch(() => {})
  return good
}

/** A file that an administrator has copied here: several nodes cannot share a key if each creates one. */
export function copiedRootKey(files: RootKeyFiles): RootKeySource {
  const source = fileRootKey(files)
  return {
    ...source,
    async make() {
      const found = await Promise.all([read(files.path), read(files.copyPath)])
      if (found.some((one) => one !== 'missing')) return source.make()
      throw new RootKeyProblem(
        'KMS_ROOT_KEY or KMS_ENDPOINT must be set to encrypt with METADATA_URL: nodes cannot share a generated root key.',
      )
    },
  }
}

async function read(path: string): Promise<Found> {
  try {
    const [name, secret = '', checksum] = (await readFile(path, 'utf8')).trim().split(' ')
    const bytes = Buffer.from(secret, 'base64url')
    return name === title && bytes.length === secretBytes && checksum === checksumOf(secret) ? bytes : 'damaged'
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return 'missing'
    throw new RootKeyProblem(`The root key of the KMS cannot be read from ${path}.`, error)
  }
}

/** `new`: does nothing if the file exists. */
async function write(path: string, secret: Buffer, as: 'new' | 'mend'): Promise<void> {
  const text = secret.toString('base64url')
  // Its own name, since several requests may be the first.
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    makeFolder(dirname(path))
    await writeFile(temporary, `${title} ${text} ${checksumOf(text)}\n`, { mode: privateFileMode, flush: true })
    if (as === 'mend') await rename(temporary, path)
    else await linkNew(temporary, path)
    await syncFolder(dirname(path))
  } catch (error) {
    if (as === 'new' && hasCode(error, 'EEXIST')) return
    throw new RootKeyProblem(`The root key of the KMS cannot be written to ${path}.`, error)
  } finally {
    await rm(temporary, { force: true })
  }
}

/** EEXIST. A volume without hard links cannot detect two processes that start at the same time. */
async function linkNew(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path)
  } catch (error) {
    if (!hasCode(error, 'EPERM', 'ENOTSUP', 'ENOSYS')) throw error
    await rename(temporary, path)
  }
}

const checksumOf = (text: string): string => hash('sha256', text, 'hex').slice(0, 16)
