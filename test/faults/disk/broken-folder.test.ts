/**
 * A folder in which the system refuses every change after a write has been acknowledged: nothing else stops, and
 * nothing is lost.
 */
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer } from '../../s3/start-server.ts'
import { watchFiles } from '../file-calls.ts'

describe.each(['EACCES', 'EPERM', 'EROFS', 'EIO'])('when names in a folder cannot be changed any more (%s)', (code) => {
  let root: string
  let isBroken = false
  let unwatch: () => void
  const told: string[] = []
  const note = (_: object, message?: string) => void told.push(message ?? '')
  const log = { info: () => undefined, warn: note, error: note }
  const broken = () => join(root, 'data', 'bucket', 'broken')

  beforeAll(async () => {
    root = fs.mkdtempSync(join(tmpdir(), 'myfsio-broken-'))
    unwatch = await watchFiles(root, {
      before: ({ operation, path, to }) => {
        const isChange = /^(rename|exchange|rm|unlink|mkdir|rmdir)/.test(operation)
        const isThere = [path, to].some((name) => name?.startsWith(broken()))
        if (isBroken && isChange && isThere) throw Object.assign(new Error(`${code}: injected`), { code })
        return undefined
      },
    })
  })
  afterAll(() => {
    unwatch()
    fs.rmSync(root, { recursive: true })
  })

  it('keeps what was acknowledged, starts again, and ends it once they can', async () => {
    const start = async () => {
      const server = await startServer({ root, log })
      return { server, client: server.client() }
    }
    let { server, client } = await start()
    const put = (Key: string, Body: string) => client.send(new PutObjectCommand({ Bucket: 'bucket', Key, Body }))
    const get = async (Key: string) =>
      (await client.send(new GetObjectCommand({ Bucket: 'bucket', Key }))).Body?.transformToString()
    const stop = async () => {
      client.destroy()
      await server.close()
    }
    await client.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    for (const key of ['deleted', 'replaced', 'renamed']) await put(`broken/${key}`, 'old')
    await new Promise((resolve) => setTimeout(resolve, 1500))
    isBroken = true
    told.length = 0
    await client.send(new DeleteObjectCommand({ Bucket: 'bucket', Key: 'broken/deleted' }))
    await put('broken/replaced', 'new')
    await put('broken/new', 'new')
    await put('whole', 'whole')
    expect(await get('broken/replaced')).toBe('new')
    expect(await get('broken/new')).toBe('new')
    await expect(get('broken/deleted')).rejects.toThrow('The specified key does not exist.')
    await stop()
    ;({ server, client } = await start())
    expect(await get('broken/replaced')).toBe('new')
    expect(await get('broken/new')).toBe('new')
    await expect(get('broken/deleted')).rejects.toThrow('The specified key does not exist.')
    expect(await get('whole')).toBe('whole')
    await put('whole', 'again')
    expect(told.length).toBeLessThan(12)
    isBroken = false
    await stop()
    ;({ server, client } = await start())
    expect(await get('broken/replaced')).toBe('new')
    expect(fs.existsSync(join(broken(), 'deleted'))).toBe(false)
    expect(await get('whole')).toBe('again')
    await stop()
  })
})
