import fs from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type FolderWatches, openFolderWatches } from '#lib/files/folder-watches.ts'
import { libc } from '#lib/system/libc.ts'

let root: string
let watches: FolderWatches
const changed = new Set<string>()
const missed = vi.fn()

const watch = (folder: string) => watches.add(join(root, folder), (name) => changed.add(join(folder, name)))
const write = (name: string) => fs.writeFileSync(join(root, name), 'x')

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'folder-watches-'))
  fs.mkdirSync(join(root, 'a'))
  changed.clear()
  missed.mockReset()
})

afterEach(async () => {
  watches.close()
  vi.restoreAllMocks()
  await rm(root, { recursive: true, force: true })
})

describe.each(['inotify, where it is', 'fs.watch'])('%s', (way) => {
  beforeEach(() => {
    if (way === 'fs.watch') vi.spyOn(libc, 'openInotify').mockReturnValue(undefined)
    watches = openFolderWatches(missed)
  })

  it('tells names that are written, renamed and removed, each by its folder', async () => {
    watch('.')
    watch('a')
    write('ä b')
    write('a/old')
    fs.renameSync(join(root, 'a/old'), join(root, 'a/new'))
    fs.rmSync(join(root, 'a/new'))
    await vi.waitFor(() => expect([...changed].sort()).toEqual(['a/new', 'a/old', 'ä b']), 10_000)
    expect(missed).not.toHaveBeenCalled()
  })

  it('tells no more of a folder that was let go', async () => {
    watch('.')
    watch('a')
    expect(watches.has(join(root, 'a'))).toBe(true)
    watches.remove(join(root, 'a'))
    watches.remove(join(root, 'a'))
    expect(watches.has(join(root, 'a'))).toBe(false)
    write('a/quiet')
    write('loud')
    await vi.waitFor(() => expect(changed).toContain('loud'), 10_000)
    expect(changed).not.toContain('a/quiet')
  })

  it('says what is wrong with a folder that is not there', () => {
    expect(() => watch('nowhere')).toThrow(expect.objectContaining({ code: 'ENOENT' }))
  })
})

describe.runIf(process.platform === 'linux')('inotify', () => {
  beforeEach(() => {
    watches = openFolderWatches(missed)
  })

  it('forgets a folder that is gone, and watches one of its name anew', async () => {
    watch('a')
    fs.rmdirSync(join(root, 'a'))
    await vi.waitFor(() => expect(watches.has(join(root, 'a'))).toBe(false), 10_000)
    fs.mkdirSync(join(root, 'a'))
    watch('a')
    write('a/b')
    await vi.waitFor(() => expect(changed).toContain('a/b'), 10_000)
  })

  it('knows a renamed folder by its new name, whose watch outlives the old one', async () => {
    watch('a')
    fs.renameSync(join(root, 'a'), join(root, 'c'))
    watch('c')
    watches.remove(join(root, 'a'))
    write('c/d')
    await vi.waitFor(() => expect(changed).toContain('c/d'), 10_000)
  })

  it('says so when there were more changes than the system keeps', async (context) => {
    const kept = Number(fs.readFileSync('/proc/sys/fs/inotify/max_queued_events', 'latin1'))
    context.skip(kept > 65_536, 'to make more changes than that takes too long')
    watch('a')
    write('a/0')
    for (let i = 0; i <= kept / 2; i++) fs.renameSync(join(root, `a/${i}`), join(root, `a/${i + 1}`))
    await vi.waitFor(() => expect(missed).toHaveBeenCalledOnce(), 10_000)
  })
})
