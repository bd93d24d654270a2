/** The files that every client carries there and back, and how two folders are compared. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'

const MiB = 1024 * 1024

/** Over the size at which each of the clients turns to multipart. */
export const largeBytes = 20 * MiB

/** Names that at least one S3 client or server was found to spoil. */
const oddNames = [
  'plain.txt',
  'with space.txt',
  'plus+sign.txt',
  'per%cent.txt',
  'per%20cent.txt',
  'ümläut-日本語-🙂.txt',
  "quotes'!*().txt",
  'a&b=c;d,e@f$g#h?i.txt',
  'back\\slash.txt',
  '.hidden',
  'trailing.',
  '~tilde^caret`{}[]|.txt',
  'deep/er/and deeper/file.txt',
  'deep/er.txt',
]

export async function writeTree(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const name of oddNames) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), `This is ${name}\n`)
  }
  await writeFile(join(folder, 'empty.bin'), '')
  await writeFile(join(folder, 'large.bin'), largeBody())
}

/** Bytes that differ at every offset of a part, so that parts in a wrong order show. */
function largeBody(): Buffer {
  const body = Buffer.alloc(largeBytes)
  for (let i = 0; i < body.length; i += 4) body.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i)
  return body
}

/** The differences between two folders, one sentence each. */
export async function compareTrees(expected: string, actual: string): Promise<string[]> {
  const [wanted, found] = [await digestTree(expected), await digestTree(actual)]
  const missing = [...wanted.keys()].filter((name) => !found.has(name)).map((name) => `${name} is missing`)
  const extra = [...found.keys()].filter((name) => !wanted.has(name)).map((name) => `${name} is too many`)
  const changed = [...wanted].flatMap(([name, digest]) =>
    found.has(name) && found.get(name) !== digest ? [`${name} has other bytes`] : [],
  )
  return [...missing, ...extra, ...changed]
}

export async function listTree(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)))
}

async function digestTree(folder: string): Promise<Map<string, string>> {
  const digests = new Map<string, string>()
  for (const name of await listTree(folder)) {
    const hash = createHash('sha256')
    for await (const chunk of createReadStream(join(folder, name))) hash.update(chunk as Buffer)
    digests.set(name, hash.digest('hex'))
  }
  return digests
}
