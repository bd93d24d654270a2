import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { Document, type DocumentOptions } from '#documents/document.ts'
import { DocumentRows } from '#documents/document-rows.ts'
import { systemClock } from '#lib/clock.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'

const schema = z.strictObject({ names: z.array(z.string()) })
type Names = z.infer<typeof schema>

const log = { info: () => {}, warn: () => {}, error: () => {} }
const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const newFolder = () => mkdtemp(join(tmpdir(), 'myfsio-document-rows-'))

async function openNode(engine: MetadataEngine, options: Partial<DocumentOptions<Names>> & { notice?: string } = {}) {
  const rows = new DocumentRows({ engine, clock: systemClock, log, noticePath: options.notice })
  closing.push(() => rows.close())
  const path = join(await newFolder(), 'names.json')
  const initial = () => ({ names: [] })
  const common = { name: 'names.json', path, sources: rows.sources, schema, initial, log }
  const document = await Document.open<Names>({ ...common, ...options })
  closing.push(() => document.close())
  return { rows, document }
}

const add = (name: string) => (value: Names) => ({ names: [...value.names, name] })
/** Lets the turn of the event loop pass in which a document was looked at. */
const nextTurn = () => new Promise((resolve) => setTimeout(resolve, 1))

describe('a document in rows of the index', () => {
  it('is changed on one node and, within a second, on every other', async () => {
    const engine = openMemoryEngine()
    const [a, b] = [await openNode(engine), await openNode(engine)]
    await a.document.update(add('ann'))
    expect(a.document.current.names).toEqual(['ann'])
    await vi.waitFor(() => expect(b.document.current.names).toEqual(['ann']))
  })

  it('loses no change of nodes that write at the same time', async () => {
    const engine = openMemoryEngine()
    const nodes = [await openNode(engine), await openNode(engine), await openNode(engine)]
    const names = Array.from({ length: 30 }, (_, at) => `name-${at}`)
    await Promise.all(names.map((name, at) => nodes[at % nodes.length]?.document.update(add(name))))
    await Promise.all(nodes.map(({ rows }) => rows.refresh()))
    await nextTurn()
    for (const { document } of nodes) expect([...document.current.names].sort()).toEqual([...names].sort())
  })

  it('is known at once to another process of the machine that asks whether it is behind', async () => {
    const engine = openMemoryEngine()
    const notice = join(await newFolder(), 'changed')
    const [a, b] = [await openNode(engine, { notice }), await openNode(engine, { notice })]
    await Promise.all([a.rows.refresh(), b.rows.refresh()])
    expect(b.rows.isBehind).toBe(false)
    await a.document.update(add('ann'))
    expect(b.rows.isBehind).toBe(true)
    await b.rows.refresh()
    await nextTurn()
    expect([b.document.current.names, b.rows.isBehind]).toEqual([['ann'], false])
  })

  it('is taken from a file at the first start, and from the rows afterwards', async () => {
    const engine = openMemoryEngine()
    const path = join(await newFolder(), 'names.json')
    await writeFile(path, '{"names": ["of the file"]}')
    const { document } = await openNode(engine, { path })
    expect(document.current.names).toEqual(['of the file'])
    await writeFile(path, '{"names": ["of a later file"]}')
    expect((await openNode(engine, { path })).document.current.names).toEqual(['of the file'])
  })

  it('is not taken from a file that is invalid: the start says where', async () => {
    const engine = openMemoryEngine()
    const path = join(await newFolder(), 'names.json')
    await writeFile(path, '{\n  "names": [1]\n}')
    await expect(openNode(engine, { path })).rejects.toThrow(/names\.json \(line 2, names\[0\]\)/)
    expect(await openNode(engine).then(({ document }) => document.current.names)).toEqual([])
  })

  it('of a later version is neither in force nor overwritten', async () => {
    const engine = openMemoryEngine()
    const [a, b] = [
      await openNode(engine, { schema: z.looseObject({ names: z.array(z.string()) }) }),
      await openNode(engine),
    ]
    await a.document.update(add('ann'))
    await vi.waitFor(() => expect(b.document.current.names).toEqual(['ann']))
    await a.document.update((value) => ({ ...add('ben')(value), later: true }))
    await vi.waitFor(() => expect(b.document.problem?.message).toBeDefined())
    expect(b.document.current.names).toEqual(['ann'])
    await expect(b.document.update(add('carl'))).rejects.toThrow(/names\.json is invalid/)
    expect(a.document.current.names).toEqual(['ann', 'ben'])
  })

  it('keeps its last known state while the index cannot be asked, and tells for how long', async () => {
    const engine = openMemoryEngine()
    let isAway = false
    const getMany: MetadataEngine['getMany'] = (keys) => {
      if (isAway) throw new Error('away')
      return engine.getMany(keys)
    }
    const commit: MetadataEngine['commit'] = (change) => engine.commit(change)
    const { rows, document } = await openNode({ ...engine, getMany, commit } as MetadataEngine)
    await document.update(add('ann'))
    isAway = true
    await expect(rows.refresh()).rejects.toThrow('away')
    expect(document.current.names).toEqual(['ann'])
    await vi.waitFor(() => expect(rows.unseenMs).toBeGreaterThan(450))
    isAway = false
    await vi.waitFor(() => expect(rows.unseenMs).toBeLessThan(400))
  })
})
