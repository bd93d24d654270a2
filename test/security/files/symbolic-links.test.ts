/**
 * Symbolic links are never followed, neither in a bucket nor as a bucket: their targets are not read, written, deleted
 * or listed.
 */
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi } from '../../input/api.ts'

let api: TestApi
let outside: string
beforeEach(async () => {
  api = await startTestApi({ MYFSIO_BUCKETS: 'bucket,versioned' })
  outside = mkdtempSync(join(tmpdir(), 'outside-'))
  writeFileSync(join(outside, 'secret'), 'secret')
  const versioning = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  await api.ask({ line: 'PUT /versioned?versioning', body: versioning })
  for (const bucket of ['bucket', 'versioned']) {
    const headers = { 'x-amz-meta-owner': 'ann' }
    await api.ask({ line: `PUT /${bucket}/folder/file`, body: 'before', headers })
    await api.ask({ line: `PUT /${bucket}/file`, body: 'before', headers })
  }
})
afterEach(async () => {
  await api.close()
  rmSync(outside, { recursive: true, force: true })
})

const at = (...names: string[]) => join(api.root, ...names)

/** Names and contents of all files below, with their inodes: a file that was moved away and made again has another. */
function contentsOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(folder, name)
      const stats = statSync(path)
      return stats.isFile() ? `${name} ${stats.ino} ${readFileSync(path, 'utf8')}` : name
    })
}

/** Replaces a folder by a link: to the folder itself, which is moved away, or to another. */
function replace(folder: string, by: 'itself' | 'another'): string {
  const target = by === 'another' ? outside : join(outside, 'moved')
  renameSync(folder, join(outside, 'moved'))
  symlinkSync(target, folder)
  return target
}

/** Everything that could go through a link, for keys that were there, are behind it, and are new. */
async function tryAll(bucket: string, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    const path = `/${bucket}/${key}`
    const read = await api.ask({ line: `GET ${path}` })
    expect([key, read.status, read.code]).toEqual([key, 404, 'NoSuchKey'])
    expect((await api.ask({ line: `HEAD ${path}` })).status).toBe(404)
  }
  for (const query of ['?list-type=2', '?versions', '', '?list-type=2&delimiter=/']) {
    expect((await api.ask({ line: `GET /${bucket}${query}` })).body).not.toContain('<Key>secret')
  }
  for (const key of keys) {
    const path = `/${bucket}/${key}`
    await api.ask({ line: `PUT /${bucket}/copy`, headers: { 'x-amz-copy-source': path } })
    await api.ask({ line: `DELETE ${path}` })
    await api.ask({ line: `PUT ${path}`, body: 'written' })
    await api.ask({ line: `PUT ${path}`, body: 'written again' })
    await api.ask({ line: `DELETE ${path}` })
    await api.ask({ line: `POST ${path}?uploads` })
  }
}

describe.each(['bucket', 'versioned'])('a folder of %s that is replaced by a link', (bucket) => {
  it.each(['itself', 'another'] as const)('to %s is followed no more, at once', async (by) => {
    const target = replace(at(bucket, 'folder'), by)
    const before = contentsOf(target)
    await tryAll(bucket, ['folder/file', 'folder/secret', 'folder/new', 'folder/deeper/new'])
    expect(contentsOf(target)).toEqual(before)
    expect((await api.ask({ line: `GET /${bucket}/file` })).body).toBe('before')
  })

  it('has its objects, with their metadata, once it is put back', async () => {
    replace(at(bucket, 'folder'), 'itself')
    expect((await api.ask({ line: `GET /${bucket}/folder/file` })).code).toBe('NoSuchKey')
    unlinkSync(at(bucket, 'folder'))
    renameSync(join(outside, 'moved'), at(bucket, 'folder'))
    const read = await api.ask({ line: `GET /${bucket}/folder/file` })
    expect([read.body, read.headers['x-amz-meta-owner']]).toEqual(['before', 'ann'])
  })
})

describe.each(['bucket', 'versioned'])('the folder of %s itself', (bucket) => {
  it.each(['itself', 'another'] as const)('replaced by a link to %s is followed no more, at once', async (by) => {
    const target = replace(at(bucket), by)
    const before = contentsOf(target)
    await tryAll(bucket, ['file', 'folder/file', 'secret', 'new', 'deeper/new'])
    expect(contentsOf(target)).toEqual(before)
    expect(lstatSync(at(bucket)).isSymbolicLink()).toBe(true)
  })

  it('has its objects, with their metadata, once it is put back', async () => {
    replace(at(bucket), 'itself')
    expect((await api.ask({ line: `GET /${bucket}/file` })).code).toBe('NoSuchKey')
    unlinkSync(at(bucket))
    renameSync(join(outside, 'moved'), at(bucket))
    const read = await api.ask({ line: `GET /${bucket}/file` })
    expect([read.body, read.headers['x-amz-meta-owner']]).toEqual(['before', 'ann'])
  })
})

describe('a link', () => {
  it('in STORAGE_ROOT is no bucket, and none is made in its place', async () => {
    symlinkSync(outside, at('linked'))
    const before = contentsOf(outside)
    expect((await api.ask({ line: 'GET /linked/secret' })).code).toBe('NoSuchBucket')
    const created = await api.ask({ line: 'PUT /linked' })
    expect([created.status, created.code]).toEqual([409, 'BucketAlreadyExists'])
    expect((await api.ask({ line: 'HEAD /linked' })).status).toBe(404)
    expect((await api.ask({ line: 'GET /' })).body).not.toContain('<Name>linked<')
    expect(contentsOf(outside)).toEqual(before)
  })

  it('is not followed where its bucket is deleted', async () => {
    await api.ask({ line: 'PUT /empty' })
    mkdirSync(join(outside, 'empty-folder'))
    rmSync(at('empty'), { recursive: true })
    symlinkSync(outside, at('empty'))
    expect((await api.ask({ line: 'DELETE /empty' })).code).toBe('BucketNotEmpty')
    expect(lstatSync(at('empty')).isSymbolicLink()).toBe(true)
    expect(existsSync(join(outside, 'empty-folder'))).toBe(true)
  })

  it('to another folder of the bucket gives no file a second key', async () => {
    symlinkSync(at('bucket/folder'), at('bucket/again'))
    symlinkSync('folder', at('bucket/relative'))
    symlinkSync(at('versioned/folder'), at('bucket/other'))
    const before = contentsOf(at('bucket/folder'))
    await tryAll('bucket', ['again/file', 'relative/file', 'other/file'])
    expect(contentsOf(at('bucket/folder'))).toEqual(before)
    expect((await api.ask({ line: 'GET /bucket/folder/file' })).body).toBe('before')
  })
})

describe('a STORAGE_ROOT that is a link itself', () => {
  it('is served, and no link below it is followed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'linked-'))
    mkdirSync(join(folder, 'real/.myfsio.sys/config'), { recursive: true })
    cpSync(at('.myfsio.sys/config/iam.json'), join(folder, 'real/.myfsio.sys/config/iam.json'))
    symlinkSync('real', join(folder, 'root'))
    const linked = await startTestApi({ STORAGE_ROOT: join(folder, 'root'), MYFSIO_BUCKETS: 'bucket' })
    try {
      await linked.ask({ line: 'PUT /bucket/folder/file', body: 'before' })
      expect((await linked.ask({ line: 'GET /bucket/folder/file' })).body).toBe('before')
      expect((await linked.ask({ line: 'HEAD /bucket/folder/file' })).status).toBe(200)
      replace(join(folder, 'root/bucket/folder'), 'itself')
      expect((await linked.ask({ line: 'GET /bucket/folder/file' })).code).toBe('NoSuchKey')
      expect((await linked.ask({ line: 'HEAD /bucket/folder/file' })).status).toBe(404)
    } finally {
      await linked.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('a scan and a watch', () => {
  it('find nothing behind a link', async () => {
    const root = mkdtempSync(join(tmpdir(), 'watched-'))
    mkdirSync(join(root, '.myfsio.sys/config'), { recursive: true })
    cpSync(at('.myfsio.sys/config/iam.json'), join(root, '.myfsio.sys/config/iam.json'))
    for (const folder of ['bucket/folder', 'moved']) mkdirSync(join(root, folder), { recursive: true })
    symlinkSync(outside, join(root, 'bucket/link'))
    symlinkSync(outside, join(root, 'linked'))
    const watched = await startTestApi({ STORAGE_WATCH: 'on', STORAGE_ROOT: root, MYFSIO_BUCKETS: 'moved' })
    try {
      const list = async (bucket: string) => (await watched.ask({ line: `GET /${bucket}?list-type=2` })).body
      const appears = (key: string) => expect.poll(() => list('bucket'), { timeout: 15_000 }).toContain(`<Key>${key}<`)
      writeFileSync(join(root, 'bucket/first'), 'x')
      await appears('first')
      // The watch of a folder follows it when it is moved: changes there are not changes of the bucket.
      renameSync(join(root, 'bucket/folder'), join(outside, 'folder'))
      symlinkSync(join(outside, 'folder'), join(root, 'bucket/folder'))
      renameSync(join(root, 'moved'), join(outside, 'moved'))
      symlinkSync(join(outside, 'moved'), join(root, 'moved'))
      for (const folder of ['.', 'folder', 'moved']) writeFileSync(join(outside, folder, 'dropped'), 'x')
      writeFileSync(join(root, 'bucket/last'), 'x')
      await appears('last')
      expect(await list('bucket')).not.toMatch(/dropped|secret/)
      expect(await list('moved')).not.toMatch(/dropped/)
      expect((await watched.ask({ line: 'GET /' })).body).not.toContain('<Name>linked<')
    } finally {
      await watched.close()
      rmSync(root, { recursive: true, force: true })
    }
  })
})

describe('a plain file in STORAGE_ROOT', () => {
  it('is no bucket: one of its name is refused, and can be made once the file is gone', async () => {
    writeFileSync(at('plain'), 'text')
    const created = await api.ask({ line: 'PUT /plain' })
    expect([created.status, created.code]).toEqual([409, 'BucketAlreadyExists'])
    expect((await api.ask({ line: 'HEAD /plain' })).status).toBe(404)
    expect(readFileSync(at('plain'), 'utf8')).toBe('text')
    unlinkSync(at('plain'))
    expect((await api.ask({ line: 'PUT /plain' })).status).toBe(200)
    expect((await api.ask({ line: 'PUT /plain/key', body: 'x' })).status).toBe(200)
  })
})
