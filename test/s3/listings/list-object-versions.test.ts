import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'

describe('ListObjectVersions', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(() => server.close())

  const send: ReturnType<TestServer['client']>['send'] = (command: never) => server.client().send(command)
  const create = async (Bucket: string, ...statuses: ('Enabled' | 'Suspended')[]) => {
    await send(new CreateBucketCommand({ Bucket }))
    for (const Status of statuses) {
      await send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }))
    }
  }
  const setStatus = (Bucket: string, Status: 'Enabled' | 'Suspended') =>
    send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }))
  const put = async (Bucket: string, Key: string) =>
    (await send(new PutObjectCommand({ Bucket, Key, Body: Key }))).VersionId
  const remove = async (Bucket: string, Key: string, VersionId?: string) =>
    (await send(new DeleteObjectCommand({ Bucket, Key, ...(VersionId && { VersionId }) }))).VersionId

  /** Pages as raw rows, since the SDK separates versions and delete markers. */
  async function* pages(Bucket: string, more: { MaxKeys?: number; Delimiter?: string } = {}) {
    for (let markers = {}; ; ) {
      const page = await send(new ListObjectVersionsCommand({ Bucket, ...more, ...markers }))
      const rows = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])]
      yield {
        rows: rows.map(({ Key, VersionId, IsLatest }) => `${Key} ${VersionId} ${IsLatest}`),
        prefixes: (page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
      }
      if (page.IsTruncated !== true) return
      markers = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
    }
  }
  async function listAll(Bucket: string, more: { MaxKeys?: number; Delimiter?: string } = {}) {
    const all = { rows: [] as string[], prefixes: [] as (string | undefined)[] }
    for await (const { rows, prefixes } of pages(Bucket, more)) {
      all.rows.push(...rows)
      all.prefixes.push(...prefixes)
    }
    return all
  }

  it('lists current and older versions, null versions and delete markers in the order of keys and age', async () => {
    await create('mixed')
    // As UTF-16, the third would sort before the second.
    const keys = ['a', 'z\ufffd', 'z\u{1f600}']
    for (const key of keys) await put('mixed', key)
    await setStatus('mixed', 'Enabled')
    const ids = new Map<string, (string | undefined)[]>()
    for (const key of keys) ids.set(key, [await put('mixed', key), await put('mixed', key)].reverse())
    const marker = await remove('mixed', 'a')
    await setStatus('mixed', 'Suspended')
    await put('mixed', 'z\u{1f600}')
    const [a1, a2] = ids.get('a') ?? []
    const [b1, b2] = ids.get('z\ufffd') ?? []
    const [c1, c2] = ids.get('z\u{1f600}') ?? []
    const rows = [
      `a ${marker} true`,
      `a ${a1} false`,
      `a ${a2} false`,
      'a null false',
      `z\ufffd ${b1} true`,
      `z\ufffd ${b2} false`,
      'z\ufffd null false',
      'z\u{1f600} null true',
      `z\u{1f600} ${c1} false`,
      `z\u{1f600} ${c2} false`,
    ]
    expect((await listAll('mixed', { MaxKeys: 1 })).rows).toEqual(rows)
    for (const MaxKeys of [2, 3, 7, 1000]) {
      expect((await listAll('mixed', { MaxKeys })).rows.sort()).toEqual([...rows].sort())
    }
  })

  it('groups versions under a delimiter, also where a group has many', async () => {
    await create('grouped', 'Enabled')
    for (const key of ['a', 'dir/x', 'dir/y', 'z']) for (let count = 0; count < 12; count++) await put('grouped', key)
    for (const MaxKeys of [1, 5, 1000]) {
      const { rows, prefixes } = await listAll('grouped', { MaxKeys, Delimiter: '/' })
      expect([rows.length, prefixes]).toEqual([24, ['dir/']])
      expect(rows.filter((row) => row.endsWith('true')).map((row) => row[0])).toEqual(['a', 'z'])
    }
  })

  it('goes on from a version that was deleted since, with what has become the latest', async () => {
    await create('moving', 'Enabled')
    const [one, two, three] = [await put('moving', 'k'), await put('moving', 'k'), await put('moving', 'k')]
    const listAfter = async (VersionIdMarker: string | undefined) => {
      const page = await send(new ListObjectVersionsCommand({ Bucket: 'moving', KeyMarker: 'k', VersionIdMarker }))
      return (page.Versions ?? []).map(({ VersionId, IsLatest }) => [VersionId, IsLatest])
    }
    expect(await listAfter(three)).toEqual([
      [two, false],
      [one, false],
    ])
    await remove('moving', 'k', three)
    expect(await listAfter(three)).toEqual([
      [two, true],
      [one, false],
    ])
    const marker = await remove('moving', 'k')
    expect(await listAfter(marker)).toEqual([
      [two, false],
      [one, false],
    ])
    await remove('moving', 'k', marker)
    await remove('moving', 'k', two)
    expect(await listAfter(two)).toEqual([[one, true]])
  })
})
