/** Changes of many keys in the console share their flushes, on an engine that flushes. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { mapConcurrently } from '#lib/async/map-concurrently.ts'
import { countSyncs } from '../../count-syncs.ts'
import { bucketVisits } from '../bucket-visits.ts'
import { startTestConsole, type TestConsole, type Visitor } from '../start-console.ts'

let site: TestConsole
let admin: Visitor
const { put } = bucketVisits('open', () => admin)
const putMany = (prefix: string, count: number) =>
  mapConcurrently(
    Array.from({ length: count }, (_, index) => `${prefix}${index}`),
    { atOnceMax: 10, touches: () => [] },
    (key) => put(key, key),
  )

beforeAll(async () => {
  site = await startTestConsole({ METADATA_ENGINE: 'lmdb', DURABILITY: 'strict' })
  admin = await site.signIn()
  await admin.post('/ui/buckets', { name: 'open' })
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

it('deletes a selection with few flushes', async () => {
  await putMany('deleted/', 150)
  const syncs = await countSyncs(site.root, async () => {
    const { body } = await admin.json('post', '/ui/buckets/open/delete', { sources: [{ prefix: 'deleted/' }] })
    expect(body).toEqual({ done: 150, failed: [], left: [] })
  })
  expect(syncs).toBeLessThan(60)
})

it('moves a folder with few flushes', async () => {
  await putMany('moved/', 150)
  const move = { base: 'moved/', targetBucket: 'open', target: 'there/', isMove: true, isReplace: false }
  const syncs = await countSyncs(site.root, async () => {
    const { body } = await admin.json('post', '/ui/buckets/open/copy', { sources: [{ prefix: 'moved/' }], ...move })
    expect(body).toEqual({ done: 150, failed: [], left: [] })
  })
  expect(syncs).toBeLessThan(60)
})

it('moves what takes the place of something else that moves in the order of the selection', async () => {
  for (const key of ['a/1', 'a/a/1', 'a/a/a/1']) await put(key, key)
  const sources = [{ key: 'a/1' }, { key: 'a/a/1' }, { key: 'a/a/a/1' }]
  const up = { base: 'a/', targetBucket: 'open', target: '', isMove: true, isReplace: false }
  const { body } = await admin.json('post', '/ui/buckets/open/copy', { sources, ...up })
  expect(body).toEqual({ done: 3, failed: [], left: [] })
  expect((await site.store.headObject('open', 'a/a/1', undefined)).sizeBytes).toBe('a/a/a/1'.length)
})

it('empties a bucket of many versions with few flushes', async () => {
  await admin.post('/ui/buckets/open/versioning', { status: 'Enabled' })
  await mapConcurrently(Array.from({ length: 150 }), { atOnceMax: 10, touches: () => [] }, () => put('one', 'one'))
  const { versions } = await site.store.listVersions({
    bucket: 'open',
    prefix: '',
    delimiter: '',
    limit: 1000,
    keyMarker: '',
    versionIdMarker: undefined,
  })
  expect(versions.length).toBeGreaterThan(300)
  const syncs = await countSyncs(site.root, async () => {
    const { body } = await admin.json('post', '/ui/buckets/open/empty', {})
    expect(body).toEqual({ done: versions.length, failed: [] })
  })
  expect(syncs).toBeLessThan(60)
})
