import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bucketVisits } from '../bucket-visits.ts'
import { startTestConsole, type TestConsole, type Visitor } from '../start-console.ts'

let site: TestConsole
let admin: Visitor
const { at, put, read } = bucketVisits('open', () => admin)

beforeAll(async () => {
  site = await startTestConsole()
  admin = await site.signIn()
  await admin.post('/ui/buckets', { name: 'open' })
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

describe('uploads in parts', () => {
  it('take parts in any order, tell which arrived, and complete', async () => {
    const { uploadId } = (await admin.json('post', at('uploads', 'big.bin'))).body
    const part = (number: number, bytes: Buffer) =>
      admin.agent
        .put(at(`uploads/${uploadId}/parts/${number}`, 'big.bin'))
        .set('x-csrf-token', admin.token())
        .type('bin')
        .send(bytes)
    const [first, second] = [Buffer.alloc(5 * 1024 * 1024, 1), Buffer.from('tail')]
    const two = (await part(2, second)).body
    expect((await admin.get(at(`uploads/${uploadId}`, 'big.bin'))).body.parts).toEqual([
      { partNumber: 2, sizeBytes: 4, etag: two.etag },
    ])
    const one = (await part(1, first)).body
    const done = await admin.json('post', at(`uploads/${uploadId}`, 'big.bin'), { parts: [one, two] })
    expect(done.status).toBe(200)
    expect((await read('big.bin')).equals(Buffer.concat([first, second]))).toBe(true)
    expect((await part(10_001, second)).status).toBe(400)
  })

  it('can be given up, and a bad list of parts is refused', async () => {
    const { uploadId } = (await admin.json('post', at('uploads', 'half.bin'))).body
    expect((await admin.json('post', at(`uploads/${uploadId}`, 'half.bin'), { parts: [] })).status).toBe(400)
    expect((await admin.json('delete', at(`uploads/${uploadId}`, 'half.bin'))).status).toBe(200)
    expect((await admin.get(at(`uploads/${uploadId}`, 'half.bin'))).status).toBe(404)
  })

  it('keep what is there if asked to', async () => {
    await put('kept.txt', 'old')
    const answer = await admin.agent
      .put(at('upload', 'kept.txt', '&replace=no'))
      .set('x-csrf-token', admin.token())
      .send('new')
    expect(answer.status).toBe(412)
    expect((await read('kept.txt')).toString()).toBe('old')
    expect(readFileSync(join(site.root, 'open', 'kept.txt'), 'utf8')).toBe('old')
  })

  it('larger than MAX_UPLOAD_SIZE are refused, and nothing is left', async () => {
    const small = await startTestConsole({ MAX_UPLOAD_SIZE: '10' })
    const visitor = await small.signIn()
    await visitor.post('/ui/buckets', { name: 'open' })
    const answer = await visitor.agent
      .put(at('upload', 'eleven'))
      .set('x-csrf-token', visitor.token())
      .set('accept', 'application/json')
      .send('12345678901')
    expect([answer.status, answer.body.error]).toEqual([400, 'EntityTooLarge'])
    await small.close()
  })
})
