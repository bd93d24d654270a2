import { beforeEach, describe, expect, it } from 'vitest'
import type { LocalEngine } from '#metadata/local-engine.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { transact } from '#metadata/transact.ts'
import { forwardingEngine } from '../store/forwarding-engine.ts'

const row = Buffer.from('row')

let engine: LocalEngine
let runs: number
beforeEach(() => {
  engine = openMemoryEngine()
  runs = 0
})

/** Appends a letter to the row, as a read and a write. */
const append = (letter: string, to: LocalEngine = engine, key = row) =>
  transact(to, async (transaction) => {
    runs++
    const before = await transaction.get(key)
    transaction.put(key, Buffer.from(`${before ?? ''}${letter}`))
  })
const stored = async (key = row) => `${await engine.get(key)}`

describe('transactions of one row at once', () => {
  it('all apply, however many they are', async () => {
    await Promise.all(Array.from({ length: 500 }, () => append('x')))
    expect(await stored()).toBe('x'.repeat(500))
  })

  it('run a few times each, and not once for every other', async () => {
    await Promise.all(Array.from({ length: 200 }, () => append('x')))
    expect(runs).toBeLessThan(200 * 5)
  })

  it('take turns in the order they came, and let none overtake that comes later', async () => {
    const letters = [...'abcdefghijklmnopqrstuvwxyz']
    const waiting = letters.map((letter) => append(letter))
    // When the first has applied, the others have lost a round.
    await Promise.all([...waiting.slice(0, 10), append('!')])
    await Promise.all(waiting)
    const text = await stored()
    const turns = text.replace('!', '').slice(5)
    expect([...turns].sort().join('')).toBe(turns)
    expect(text.indexOf('!')).toBeGreaterThan(5)
  })

  it('of two processes all apply', async () => {
    const other = forwardingEngine(engine)
    await Promise.all(Array.from({ length: 300 }, (_, i) => append('x', i % 2 === 0 ? engine : other)))
    expect((await stored()).length).toBe(300)
  })

  it('do not keep transactions of other rows waiting', async () => {
    const contended = Array.from({ length: 50 }, () => append('x'))
    const other = Buffer.from('other')
    const done: string[] = []
    void Promise.all(contended).then(() => done.push('contended'))
    await append('y', engine, other)
    done.push('other')
    await Promise.all(contended)
    await Promise.resolve()
    expect(done[0]).toBe('other')
    expect(await stored(other)).toBe('y')
  })

  it('that fail let the next have its turn', async () => {
    const failing = () =>
      transact(engine, async (transaction) => {
        const before = await transaction.get(row)
        if (`${before ?? ''}`.length > 2) throw new Error('too long')
        transaction.put(row, Buffer.from(`${before ?? ''}x`))
      })
    const results = await Promise.allSettled(Array.from({ length: 20 }, failing))
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(3)
    await append('y')
    expect(await stored()).toBe('xxxy')
  })
})

it('a commit that never applies is given up', async () => {
  const refusing = { ...forwardingEngine(engine), commit: async () => undefined }
  await expect(append('x', refusing)).rejects.toMatchObject({ code: 'OperationAborted' })
})

describe('a transaction that starts from what the process has read a moment ago', () => {
  const missing = { value: undefined }
  const remembering = (recent: { readonly value: Uint8Array | undefined } | undefined) => {
    const reads: string[] = []
    const get: LocalEngine['get'] = (key) => {
      reads.push(`${key}`)
      return engine.get(key)
    }
    return { reads, engine: { ...forwardingEngine(engine), get, recent: () => recent } }
  }

  it('reads nothing again if nothing has changed', async () => {
    await append('x')
    const { reads, engine: recently } = remembering({ value: Buffer.from('x') })
    await append('y', recently)
    expect(await stored()).toBe('xy')
    expect(reads).toEqual([])
  })

  it('reads again if its commit does not apply', async () => {
    await append('x')
    await append('y', remembering(missing).engine)
    expect(await stored()).toBe('xy')
  })

  const refuseIf = (wanted: boolean, on: LocalEngine) =>
    transact(on, async (transaction) => {
      const isThere = (await transaction.get(row)) !== undefined
      if (isThere === wanted) throw new Error('refused')
      transaction.put(row, Buffer.from('mine'))
    })

  it('refuses only by what it reads now', async () => {
    await append('x')
    await refuseIf(false, remembering(missing).engine)
    expect(await stored()).toBe('mine')
    await expect(refuseIf(true, remembering(missing).engine)).rejects.toThrow('refused')
    await expect(refuseIf(true, remembering({ value: Buffer.from('mine') }).engine)).rejects.toThrow('refused')
  })

  it('finds nothing to do only by what it reads now', async () => {
    await append('x')
    const removed = await transact(remembering(missing).engine, async (transaction) => {
      if ((await transaction.get(row)) === undefined) return false
      transaction.remove(row)
      return true
    })
    expect(removed.result).toBe(true)
  })
})
