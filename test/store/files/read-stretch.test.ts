import { once } from 'node:events'
import fs from 'node:fs'
import { expect, it } from 'vitest'
import { readStretch } from '#blobs/files/open-file.ts'

it('leaves the descriptor to its owner, also when the stream is broken off', async () => {
  const fd = fs.openSync(import.meta.filename, 'r')
  const stream = readStretch({ fd, start: 0, end: 10 })
  stream.destroy()
  await once(stream, 'close')
  expect(fs.fstatSync(fd).isFile()).toBe(true)
  fs.closeSync(fd)
})
