/**
 * The floor that every result is compared with: bare node:http, one process, plain files, no authentication, index or
 * hashes. Small reads are synchronous, which is the cheapest way in Node: four trips through the thread pool cost twice
 * as much. `floor.ts PORT FOLDER [--synced]`; `--synced` makes each PUT durable with a file sync and a folder sync of
 * its own.
 */
import {
  closeSync,
  createReadStream,
  createWriteStream,
  fstatSync,
  openSync,
  readSync,
  statSync,
  unlinkSync,
} from 'node:fs'
import { mkdir, open as openFile, rename, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'

const [port = '0', folder = '.', flag] = process.argv.slice(2)
const isSynced = flag === '--synced'
const streamedFromBytes = 1024 * 1024
let temporaryCount = 0

function get(path: string, response: ServerResponse): void {
  const fd = openSync(path, 'r')
  const { size } = fstatSync(fd)
  response.setHeader('Content-Length', size)
  if (size >= streamedFromBytes) {
    createReadStream('', { fd, highWaterMark: 256 * 1024 }).pipe(response)
    return
  }
  try {
    const body = Buffer.allocUnsafe(size)
    readSync(fd, body, 0, size, 0)
    response.end(body)
  } finally {
    closeSync(fd)
  }
}

function head(path: string, response: ServerResponse): void {
  response.setHeader('Content-Length', statSync(path).size)
  response.end()
}

async function put(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const temporary = join(folder, `.tmp-${temporaryCount++}`)
  if (Number(request.headers['content-length']) >= streamedFromBytes) {
    await pipeline(request, createWriteStream(temporary))
  } else {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    await writeFile(temporary, chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks))
  }
  if (isSynced) await sync(temporary, 'r+')
  await rename(temporary, path)
  if (isSynced) await sync(dirname(path), 'r')
  response.end()
}

async function deleteAll(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  for (const [, key = ''] of Buffer.concat(chunks)
    .toString()
    .matchAll(/<Key>([^<]+)/g))
    unlinkSync(join(path, key))
  response.end()
}

async function sync(path: string, mode: 'r' | 'r+'): Promise<void> {
  const file = await openFile(path, mode)
  await (mode === 'r' ? file.sync() : file.datasync())
  await file.close()
}

await mkdir(join(folder, 'bench', 'n'), { recursive: true })
createServer((request, response) => {
  const path = join(folder, decodeURIComponent(request.url?.split('?')[0] ?? ''))
  const fail = (error: NodeJS.ErrnoException) => {
    response.removeHeader('Content-Length')
    response.statusCode = error.code === 'ENOENT' ? 404 : 500
    response.end()
  }
  try {
    if (request.method === 'GET') get(path, response)
    else if (request.method === 'HEAD') head(path, response)
    else if (request.method === 'POST') deleteAll(path, request, response).catch(fail)
    else put(path, request, response).catch(fail)
  } catch (error) {
    fail(error as NodeJS.ErrnoException)
  }
}).listen(Number(port), '127.0.0.1')
