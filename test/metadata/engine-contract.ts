/** The suite that every metadata engine must pass. Each engine's test file runs it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Check, MetadataEngine, Write } from '#metadata/engine.ts'
import { decodeJson, rowsOf, sequenceKey } from '#metadata/tables.ts'

const bytes = (text: string) => Buffer.from(text)
const text = (value: Uint8Array | undefined) => (value === undefined ? undefined : Buffer.from(value).toString())

export function engineContract(open: () => Promise<{ engine: MetadataEngine; remove(): Promise<void> }>): void {
  let engine: MetadataEngine
  let remove: () => Promise<void>

  beforeEach(async () => {
    const opened = await open()
    engine = opened.engine
    remove = opened.remove
  })
  afterEach(async () => {
    await engine.close()
    await remove()
  })

  const put = async (entries: Record<string, string>) => {
    const writes = Object.entries(entries).map(([key, value]) => ({ key: bytes(key), value: bytes(value) }))
    await engine.commit({ checks: [], writes })
  }
  const keys = async (start: string, end: string, options?: { limit?: number; reverse?: boolean }) =>
    (await engine.scan({ start: bytes(start), end: bytes(end) }, options)).map(({ key }) => text(key))

  describe('metadata engine', () => {
    it('gives back what was put, and nothing for what was not', async () => {
      await put({ a: '1', b: '2' })
      expect(text(await engine.get(bytes('a')))).toBe('1')
      expect(await engine.get(bytes('c'))).toBeUndefined()
      expect((await engine.getMany([bytes('b'), bytes('x')])).map(text)).toEqual(['2', undefined])
    })

    it('scans from the start up to but not including the end, in byte order', async () => {
      await put({ b: '', a: '', 'a\0b': '', '\u00e9': '', '\u{1f600}': '', '\uffee': '' })
      expect(await keys('a', 'b')).toEqual(['a', 'a\0b'])
      expect(await keys('a', '\u{10ffff}')).toEqual(['a', 'a\0b', 'b', '\u00e9', '\uffee', '\u{1f600}'])
      expect(await keys('a', 'b', { limit: 1 })).toEqual(['a'])
    })

    it('scans large values too', async () => {
      const large = 'x'.repeat(200_000)
      await put({ a: large, b: '1' })
      const entries = await engine.scan({ start: bytes('a'), end: bytes('c') })
      expect(entries.map(({ value }) => text(value))).toEqual([large, '1'])
    })

    it('finds nothing under keys longer than it can hold, and scans from and to them', async () => {
      await put({ a: '', b: '', c: '' })
      const long = `b${'b'.repeat(6000)}`
      expect(await engine.get(bytes(long))).toBeUndefined()
      expect((await engine.getMany([bytes(long), bytes('a')])).map(text)).toEqual([undefined, ''])
      expect(await keys(long, 'd')).toEqual(['c'])
      expect(await keys('a', long)).toEqual(['a', 'b'])
      expect(await keys('a', long, { reverse: true })).toEqual(['b', 'a'])
    })

    it('has nothing under a key longer than it can hold, for the checks of a commit too', async () => {
      const checks = [{ key: bytes('b'.repeat(6000)), is: undefined }]
      const writes = [{ key: bytes('a'), value: bytes('1') }]
      expect(await engine.commit({ checks, writes })).toBeDefined()
      expect(text(await engine.get(bytes('a')))).toBe('1')
    })

    it('scans backwards over the same range', async () => {
      await put({ a: '', b: '', c: '', d: '' })
      expect(await keys('a', 'd', { reverse: true })).toEqual(['c', 'b', 'a'])
      expect(await keys('b', 'd', { reverse: true, limit: 1 })).toEqual(['c'])
      expect(await keys('b', 'cc', { reverse: true })).toEqual(['c', 'b'])
    })

    it('leaves out no row but those that share what comes before a delimiter with one that it gives', async () => {
      await put({ 'a/0': '', 'b/c/1': '1', 'b/c/2': '', 'b/d': '', 'b/e/1': '', 'b/e/2/3': '', 'b/f': '', 'c/1': '' })
      const fold = { skip: 2, delimiter: bytes('/'), ignored: 0 }
      const range = { start: bytes('b/'), end: bytes('b0') }
      const rows = await engine.scan(range, { fold })
      const folded = rows.map(({ key }) => text(key))
      expect(folded).toEqual(folded.toSorted())
      for (const first of ['b/c/1', 'b/d', 'b/e/1', 'b/f']) expect(folded).toContain(first)
      expect(text(rows[0]?.value)).toBe('1')
      expect((await engine.scan(range, { fold, limit: 2 })).map(({ key }) => text(key))).toEqual(folded.slice(0, 2))
    })

    it('applies all writes of a commit or none', async () => {
      await put({ a: '1' })
      const writes = [{ key: bytes('b'), value: bytes('2') }]
      expect(await engine.commit({ checks: [{ key: bytes('a'), is: bytes('0') }], writes })).toBeUndefined()
      expect(await engine.commit({ checks: [{ key: bytes('a'), is: undefined }], writes })).toBeUndefined()
      expect(await engine.get(bytes('b'))).toBeUndefined()
      const committed = await engine.commit({ checks: [{ key: bytes('a'), is: bytes('1') }], writes })
      await committed?.flushed
      expect(text(await engine.get(bytes('b')))).toBe('2')
    })

    it('checks that a range is empty', async () => {
      await put({ b: '1' })
      const writes = [{ key: bytes('x'), value: bytes('1') }]
      const range = (start: string, end: string) => [{ empty: { start: bytes(start), end: bytes(end) } }]
      expect(await engine.commit({ checks: range('a', 'c'), writes })).toBeUndefined()
      expect(await engine.commit({ checks: range('c', 'd'), writes })).toBeDefined()
    })

    it('adds to counters without reading them first, and loses no addition', async () => {
      const add = { count: 1, size: -2 }
      await Promise.all(
        Array.from({ length: 50 }, () => engine.commit({ checks: [], writes: [{ key: bytes('n'), add }] })),
      )
      expect(JSON.parse(text(await engine.get(bytes('n'))) ?? '')).toEqual({ count: 50, size: -100 })
    })

    it('lets counters rise up to a number, and not beyond, however many add to them at once', async () => {
      const key = bytes('n')
      const add = { count: 3, size: 1 }
      const checks = [{ counter: key, atMost: { count: 7, other: 0 } }]
      const commits = Array.from({ length: 20 }, () => engine.commit({ checks, writes: [{ key, add }] }))
      expect((await Promise.all(commits)).filter((one) => one !== undefined)).toHaveLength(3)
      expect(JSON.parse(text(await engine.get(key)) ?? '')).toEqual({ count: 9, size: 3 })
    })

    it('shows each of several commits what those before it have added', async () => {
      const key = bytes('n')
      const add = { count: 1 }
      const commit = (writes: readonly Write[], checks: readonly Check[] = []) => engine.commit({ checks, writes })
      const seen = await Promise.all([
        commit([{ key, add }]),
        commit([{ key: bytes('full'), value: bytes('1') }], [{ empty: { start: bytes('m'), end: bytes('o') } }]),
        commit([{ key, add }], [{ key, is: bytes('{"count":1}') }]),
        commit([{ key, value: undefined }]),
        commit([{ key: bytes('gone'), value: bytes('1') }], [{ key, is: undefined }]),
        commit([{ key, add: { count: 5 } }]),
      ])
      expect(seen.map((one) => one !== undefined)).toEqual([true, false, true, true, true, true])
      expect(text(await engine.get(key))).toBe('{"count":5}')
    })

    it('lets exactly one of several commits win that expect the same state', async () => {
      const commits = Array.from({ length: 20 }, (_, index) =>
        engine.commit({
          checks: [{ key: bytes('once'), is: undefined }],
          writes: [{ key: bytes('once'), value: bytes(String(index)) }],
        }),
      )
      expect((await Promise.all(commits)).filter((committed) => committed !== undefined)).toHaveLength(1)
    })

    it('numbers the rows of a sequence in the order of commits, with no gap', async () => {
      const counter = bytes('e\0bucket')
      const append = (value: string) =>
        engine.commit({ checks: [], writes: [{ append: counter, value: bytes(value) }] })
      await Promise.all(Array.from({ length: 30 }, (_, index) => append(String(index))))
      await engine.commit({
        checks: [],
        writes: [
          { append: counter, value: bytes('a') },
          { append: counter, value: bytes('b') },
        ],
      })
      const rows = await engine.scan(rowsOf('e', 'bucket'))
      expect(rows.map(({ key }) => text(key))).toEqual(
        Array.from({ length: 32 }, (_, index) => text(sequenceKey(counter, index))),
      )
      expect(rows.slice(-2).map(({ value }) => text(value))).toEqual(['a', 'b'])
      expect(decodeJson((await engine.get(counter)) ?? bytes('0'))).toEqual({ next: 32 })
    })

    it('appends nothing to a sequence if the commit does not apply', async () => {
      const counter = bytes('e\0bucket')
      const checks = [{ key: bytes('x'), is: bytes('1') }]
      expect(await engine.commit({ checks, writes: [{ append: counter, value: bytes('a') }] })).toBeUndefined()
      expect(await engine.get(counter)).toBeUndefined()
    })

    it('keeps keys of the greatest length a version row can have', async () => {
      const key = Buffer.alloc(2 + 63 + 1 + 1024 + 1 + 32, 'k')
      await engine.commit({ checks: [], writes: [{ key, value: bytes('1') }] })
      expect(text(await engine.get(key))).toBe('1')
    })
  })
}
