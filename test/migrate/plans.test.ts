/** Which versions an import takes, and in which pieces. */
import { describe, expect, it } from 'vitest'
import { planParts } from '#migrate/import/part-plan.ts'
import { type Known, planHistory } from '#migrate/import/plan-history.ts'
import type { SourceVersion } from '#migrate/source/source.ts'
import { parseSourceAddress } from '#migrate/source/source-address.ts'

const MiB = 1024 * 1024

const there = (modifiedAtMs: number, sizeBytes = 1, isDeleteMarker = false): SourceVersion => {
  const one = { key: 'key', versionId: String(modifiedAtMs), etag: 'etag' }
  return { ...one, modifiedAtMs, sizeBytes, isDeleteMarker }
}
const here = (modifiedAtMs: number, sizeBytes = 1, isDeleteMarker = false): Known => ({
  modifiedAtMs,
  sizeBytes,
  isDeleteMarker,
})
const timesOf = (versions: readonly SourceVersion[]) => versions.map(({ modifiedAtMs }) => modifiedAtMs)

describe('from the versions of a key, an import takes', () => {
  it.each([
    ['all, if none is here', [1, 2, 3], [], [1, 2, 3], 0],
    ['none, if all are here', [1, 2, 3], [1, 2, 3], [], 0],
    ['the versions after the newest one here', [1, 2, 3], [1], [2, 3], 0],
    ['the versions that are newer than a later write here', [1, 2, 9], [1, 5], [9], 1],
    ['no version that is older than the newest one here', [1, 2], [5], [], 2],
    ['the rest, if the source has removed the first versions', [2, 3], [1, 2], [3], 0],
  ])('%s', (_, source, known, taken, late) => {
    const plan = planHistory(
      source.map((time) => there(time)),
      known.map((time) => here(time)),
    )
    expect([timesOf(plan.take), plan.late]).toEqual([taken, late])
  })

  it('a delete marker of the same time, but no version of the same time and another size', () => {
    expect(timesOf(planHistory([there(1, 5)], [here(1, 4)]).take)).toEqual([])
    expect(planHistory([there(1), there(1, 0, true)], [here(1)]).take).toEqual([there(1, 0, true)])
  })
})

describe('an object that was uploaded in parts is read', () => {
  const parts = (sizeBytes: number, count: number, told: { partCount?: number; firstBytes?: number } = {}) =>
    planParts({ etag: `etag-${count}`, sizeBytes, partCount: told.partCount, firstBytes: told.firstBytes ?? 0 })

  it('in the parts that the source tells', () => {
    expect(parts(20 * MiB, 3, { partCount: 3, firstBytes: 7 * MiB })).toEqual({ kind: 'parts', count: 3 })
  })

  it('as a whole if they are smaller than an upload allows', () => {
    expect(parts(1000, 3, { partCount: 3, firstBytes: 100 })).toBeUndefined()
    expect(parts(1000, 3)).toBeUndefined()
  })

  it('in pieces of a size that clients use, if the source does not tell its parts', () => {
    expect(parts(10 * MiB + 1, 3)).toEqual({ kind: 'pieces', count: 3, pieceBytes: 5 * MiB })
    expect(parts(100 * MiB, 13)).toEqual({ kind: 'pieces', count: 13, pieceBytes: 8 * MiB })
    expect(parts(100, 1)).toEqual({ kind: 'pieces', count: 1, pieceBytes: 100 })
    expect(parts(90 * MiB, 5)).toEqual({ kind: 'pieces', count: 5, pieceBytes: 20 * MiB })
    expect(parts(3 * 1700 * MiB, 3)).toEqual({ kind: 'pieces', count: 3, pieceBytes: 1700 * MiB })
  })
})

describe('the address of a source', () => {
  it('names a bucket and a prefix, or every bucket', () => {
    expect(parseSourceAddress('s3://bucket/a%20b/c?endpoint=https://host:9000&region=eu-1&path-style=false')).toEqual({
      bucket: 'bucket',
      prefix: 'a b/c',
      endpoint: 'https://host:9000',
      region: 'eu-1',
      isPathStyle: false,
    })
    expect(parseSourceAddress('s3://?endpoint=http://host')).toMatchObject({ bucket: undefined, isPathStyle: true })
    expect(parseSourceAddress('s3://bucket')).toMatchObject({ endpoint: undefined, isPathStyle: false, prefix: '' })
  })

  it.each([
    'https://host/bucket',
    's3:///prefix',
    's3://key:secret@bucket',
    's3://bucket?endpoint=ftp://host',
    's3://bucket?endpoint=https://key:secret@host',
    's3://bucket?secret=x',
    's3://bucket?path-style=maybe',
    's3://bucket/%zz',
  ])('is refused where it is not one: %s', (address) => {
    expect(() => parseSourceAddress(address)).toThrow(/--from/)
    expect(() => parseSourceAddress(address)).not.toThrow(/key:secret/)
  })
  it.each([
    [
      'endpoint=host:9000',
      '--from cannot have endpoint=host:9000: it must be an http or https address without credentials.',
    ],
    ['path-style=maybe', '--from cannot have path-style=maybe: it must be on or off.'],
    ['timeout=9', '--from cannot have the parameter timeout: it can have endpoint, region, path-style.'],
  ])('says what is wrong with a parameter: %s', (query, sentence) => {
    expect(() => parseSourceAddress(`s3://bucket?${query}`)).toThrow(sentence)
  })
})
