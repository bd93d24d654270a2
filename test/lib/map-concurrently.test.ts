import { expect, it } from 'vitest'
import { mapConcurrently } from '#lib/async/map-concurrently.ts'

const later = () => new Promise<void>((resolve) => setImmediate(resolve))

it('works on no more items at a time than it may, and gives the results in the order of the items', async () => {
  let running = 0
  let most = 0
  const items = Array.from({ length: 50 }, (_, index) => index)
  const results = await mapConcurrently(items, { atOnceMax: 7, touches: (item) => [String(item)] }, async (item) => {
    most = Math.max(most, ++running)
    for (let turns = 0; turns < (item * 7) % 5; turns++) await later()
    running--
    return item * 2
  })
  expect(results).toEqual(items.map((item) => item * 2))
  expect(most).toBe(7)
})

it('lets items that touch the same name take turns, in their order', async () => {
  const log: string[] = []
  await mapConcurrently(['a', 'ab', 'b', 'c', 'a'], { atOnceMax: 5, touches: (item) => [...item] }, async (item) => {
    log.push(`${item} begins`)
    await later()
    log.push(`${item} ends`)
  })
  const at = (entry: string, nth = 0) => log.flatMap((one, index) => (one === entry ? [index] : []))[nth] ?? -1
  expect(at('a ends')).toBeLessThan(at('ab begins'))
  expect(at('ab ends')).toBeLessThan(at('b begins'))
  expect(at('ab ends')).toBeLessThan(at('a begins', 1))
  expect(at('c begins')).toBeLessThan(at('a ends'))
})

it('begins nothing after an error, and throws it when all that had begun has ended', async () => {
  const ended: number[] = []
  const items = Array.from({ length: 20 }, (_, index) => index)
  const run = mapConcurrently(items, { atOnceMax: 3, touches: () => [] }, async (item) => {
    await later()
    if (item === 1) throw new Error('this one')
    await later()
    ended.push(item)
  })
  await expect(run).rejects.toThrow('this one')
  expect(ended).toEqual([0, 2])
})
