/** The further suite for engines on the machine of the files. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LocalEngine } from '#metadata/local-engine.ts'
import { engineContract } from './engine-contract.ts'

const bytes = (text: string) => Buffer.from(text)
const text = (value: Uint8Array | undefined) => (value === undefined ? undefined : Buffer.from(value).toString())

export function localEngineContract(open: () => Promise<{ engine: LocalEngine; remove(): Promise<void> }>): void {
  engineContract(open)

  describe('local engine', () => {
    let engine: LocalEngine
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

    it('has entries read where they are, as they are scanned', async () => {
      await put({ a: 'one', b: '', c: 'three', d: '' })
      const read = (entries: Buffer, start: number, end: number, value: Buffer) =>
        `${entries.toString('utf8', start, end)}${value.toString('utf8', 0, 3)}`
      const range = { start: bytes('a'), end: bytes('d') }
      const [first, , third, ...more] = await engine.scanInPlace(range, 5, read)
      expect([first, third, more]).toEqual(['aone', 'cthr', []])
      expect((await engine.scanInPlace(range, 1, read)).length).toBe(1)
    })

    it('runs exclusive sections one at a time, with their own writes visible to them', async () => {
      const count = (view: { get(key: Uint8Array): Uint8Array | undefined }) => Number(text(view.get(bytes('n'))) ?? 0)
      const results = await Promise.all(
        Array.from({ length: 20 }, () =>
          engine.exclusively((view) => {
            view.put(bytes('n'), bytes(String(count(view) + 1)))
            return count(view)
          }),
        ),
      )
      expect(results.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
    })

    it('writes nothing of a section that throws', async () => {
      const section = engine.exclusively((view) => {
        view.put(bytes('a'), bytes('1'))
        throw new Error('no')
      })
      await expect(section).rejects.toThrow('no')
      expect(await engine.get(bytes('a'))).toBeUndefined()
    })

    it('shows a section what commits before it have added to counters', async () => {
      const seen = await Promise.all([
        engine.commit({ checks: [], writes: [{ key: bytes('n'), add: { count: 2 } }] }),
        engine.exclusively((view) => text(view.get(bytes('n')))),
      ])
      expect(seen[1]).toBe('{"count":2}')
    })

    it('commits nothing while a fact outside the index does not hold', async () => {
      const writes = [{ key: bytes('a'), value: bytes('1') }]
      expect(await engine.commit({ checks: [{ holds: () => false }], writes })).toBeUndefined()
      expect(await engine.get(bytes('a'))).toBeUndefined()
      expect(await engine.commit({ checks: [{ holds: () => true }], writes })).toBeDefined()
    })
  })
}
