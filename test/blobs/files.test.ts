import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { moveFileBelow } from '#blobs/files/io/file-operations.ts'

describe('a file on its way to its place', () => {
  let folder: string
  let staged: string
  let bucket: string
  let target: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'myfsio-files-'))
    staged = join(folder, 'staged')
    bucket = join(folder, 'bucket')
    target = join(bucket, 'a', 'b', 'key')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('makes the folders of its key', () => {
    mkdirSync(bucket)
    writeFileSync(staged, 'bytes')
    expect(moveFileBelow(bucket, staged, target)).toBe(true)
    expect(readFileSync(target, 'utf8')).toBe('bytes')
  })

  it('brings no bucket back that was deleted meanwhile', () => {
    writeFileSync(staged, 'bytes')
    expect(moveFileBelow(bucket, staged, target)).toBe(false)
    expect(existsSync(bucket)).toBe(false)
  })

  it('leaves a bucket deleted when it was overtaken as well', () => {
    expect(moveFileBelow(bucket, staged, join(bucket, 'key'))).toBe(false)
    expect(existsSync(bucket)).toBe(false)
  })
})
