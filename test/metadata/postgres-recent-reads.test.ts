import { expect, it } from 'vitest'
import { RecentReads } from '#metadata/postgres/recent-reads.ts'

const key = (text: string) => Buffer.from(text)

it('a value is known until the row is written, and so is that there is none', () => {
  const recent = new RecentReads()
  recent.remember(key('a'), Buffer.from('1'))
  recent.remember(key('b'), undefined)
  expect(recent.find(key('a'))).toMatchObject({ value: Buffer.from('1') })
  expect(recent.find(key('b'))).toMatchObject({ value: undefined })
  expect(recent.find(key('c'))).toBeUndefined()
  recent.forget(key('a'))
  expect(recent.find(key('a'))).toBeUndefined()
})

it('neither large values nor many are kept', () => {
  const recent = new RecentReads()
  recent.remember(key('large'), Buffer.alloc(100_000))
  expect(recent.find(key('large'))).toBeUndefined()
  for (let at = 0; at < 5000; at++) recent.remember(key(`k${at}`), undefined)
  const known = Array.from({ length: 5000 }, (_, at) => recent.find(key(`k${at}`))).filter((one) => one !== undefined)
  expect(known.length).toBeLessThanOrEqual(1000)
})
