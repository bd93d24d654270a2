import { afterEach, describe, expect, it } from 'vitest'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { assertFormat } from '#nodes/index-format.ts'
import { Membership } from '#nodes/membership.ts'
import { beatEveryMs, goneMs, readNodeRows } from '#nodes/node-rows.ts'
import { agreeOnSecret } from '#nodes/shared-secret.ts'
import { ManualClock } from '../support/manual-clock.ts'

let engine = openMemoryEngine()
const open: Membership[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
  engine = openMemoryEngine()
})

function join(host: string, clock: ManualClock, format = 1): Membership {
  const about = { host, address: `API ${host}:5000`, version: '1.0.0', format, startedAtMs: clock.nowMs() }
  const one = new Membership({
    engine,
    clock,
    process: { nodeId: host, name: 'API worker 1' },
    about: { ...about, leaseOwner: host },
    log: { warn: () => {} },
  })
  open.push(one)
  return one
}
const none = new Map<string, string[]>()
const states = async (one: Membership) => (await one.list(none)).map(({ host, state }) => [host, state])
const dayMs = 86_400_000

describe('a node', () => {
  it('counts as gone after missed heartbeats, and is forgotten after a day', async () => {
    const [dead, clock] = [new ManualClock(), new ManualClock()]
    join('a', dead)
    const b = join('b', clock)
    await clock.pass(goneMs - beatEveryMs)
    expect(await states(b)).toEqual(
      expect.arrayContaining([
        ['a', 'running'],
        ['b', 'running'],
      ]),
    )
    await clock.pass(2 * beatEveryMs)
    expect(await states(b)).toEqual(
      expect.arrayContaining([
        ['a', 'gone'],
        ['b', 'running'],
      ]),
    )
    clock.jump(dayMs)
    await clock.pass(beatEveryMs)
    expect(await states(b)).toEqual([['b', 'running']])
  })

  it('is told apart from a node with a wrong clock', async () => {
    const start = Date.now()
    const [fast, clock] = [new ManualClock(start + 180_000), new ManualClock(start)]
    join('a', fast)
    const b = join('b', clock)
    for (let at = 0; at < 3; at++) for (const one of [fast, clock]) await one.pass(beatEveryMs)
    const found = await b.list(none)
    expect(found.find(({ host }) => host === 'a')).toMatchObject({
      state: 'running',
      problem: "Its clock is 180 seconds ahead of this node's.",
    })
    expect(found.find(({ host }) => host === 'b')?.problem).toBeUndefined()
  })

  it('of a later version may start unless running nodes cannot read what it writes', async () => {
    const clock = new ManualClock()
    const start = async (version: string, format: number, beside: number) => {
      const asked = assertFormat(engine, { version, understands: { format, beside } }, clock)
      asked.catch(() => undefined)
      await clock.pass(3 * beatEveryMs)
      return asked
    }
    await start('1.0.0', 1, 1)
    join('a', clock, 1)
    await start('1.1.0', 2, 1)
    await expect(start('2.0.0', 3, 2)).rejects.toThrow(
      /Version 2\.0\.0 writes .* these nodes run: a \(version 1\.0\.0\)/,
    )
    await open.pop()?.close()
    await start('2.0.0', 3, 2)
    await expect(start('1.0.0', 1, 1)).rejects.toThrow(
      /used by version 2\.0\.0, whose rows this version, 1\.0\.0, cannot read/,
    )
    await start('1.1.0', 2, 1)
  })

  it('has the secret key of the other nodes, and changes it only when none of them runs', async () => {
    const clock = new ManualClock()
    const said: string[] = []
    const agree = async (given: string | undefined, former?: string) => {
      const asked = agreeOnSecret(engine, clock, { given, former: () => former, warn: (one) => void said.push(one) })
      asked.catch(() => undefined)
      await clock.pass(3 * beatEveryMs)
      return asked
    }
    expect(await agree(undefined, 'of a file of this machine')).toBe('of a file of this machine')
    expect(await agree(undefined)).toBe('of a file of this machine')
    join('a', clock)
    await expect(agree('given by a setting')).rejects.toThrow(/another than that of the nodes that run: a/)
    await open.pop()?.close()
    expect(await agree('given by a setting')).toBe('given by a setting')
    expect(said).toHaveLength(1)
    await expect(agree(undefined)).rejects.toThrow(/SECRET_KEY is not set/)
    expect(await agree('given by a setting')).toBe('given by a setting')
    expect(await readNodeRows(engine)).toEqual([])
  })
})
