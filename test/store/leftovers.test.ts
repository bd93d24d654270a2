import fs from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Layout } from '#blobs/layout.ts'
import { openStore } from '#store/open-store.ts'

let root: string
const told: string[] = []
const note = (_: object, message: string) => void told.push(message)
const log = { info: note, warn: note, error: note }

const open = () => openStore({ root, durability: 'strict', engine: 'memory', watch: false, log, isPrimary: false })

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'myfsio-leftovers-'))
  told.length = 0
})
afterEach(() => rm(root, { recursive: true }))

it('removes what dead processes have staged, and a folder for each process that lives stays', async () => {
  const layout = new Layout(root)
  for (const path of [layout.staging('zzzzzz-1'), layout.taken('zzzzzz-2'), layout.staging('1-3')]) {
    fs.mkdirSync(dirname(path), { recursive: true })
    fs.writeFileSync(path, 'x')
  }
  await (await open()).close()
  expect(fs.readdirSync(layout.system('staging')).sort()).toEqual(['1', process.pid.toString(36)].sort())
  expect(fs.readdirSync(layout.stagingFolder('1'))).toEqual(['1-3'])
})

it('never removes a folder, since it can only be one of objects', async () => {
  const layout = new Layout(root)
  const lost = layout.staging('zzzzzz-1')
  fs.mkdirSync(join(lost, 'sub'), { recursive: true })
  fs.writeFileSync(join(lost, 'sub', 'object'), 'x')
  fs.writeFileSync(layout.staging('zzzzzz-2'), 'x')
  await (await open()).close()
  expect(fs.readFileSync(join(lost, 'sub', 'object'), 'latin1')).toBe('x')
  expect(fs.readdirSync(layout.stagingFolder('zzzzzz'))).toEqual(['zzzzzz-1'])
  expect(told).toEqual(['a folder of objects was left in staging; move it back to its bucket'])
})
