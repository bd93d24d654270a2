/** Counts the keys that objects still use: these objects are lost if the key is deleted. */
import { findKeyProblem } from '#keyring/key-problem.ts'
import type { KeyUses } from '#model/key-uses.ts'
import { countKeyUses, firstPosition, keepKeyUses, type UsesPosition } from '#store/key-uses.ts'
import type { JobServices, Run, Shown, Step } from './job.ts'

const stretchMs = 1000

interface UsesCursor {
  readonly position: UsesPosition | undefined
  readonly counts: KeyUses['counts']
}

const fresh: UsesCursor = { position: firstPosition, counts: {} }

export async function countUses(run: Run, { engine, clock }: JobServices): Promise<Step> {
  const last = run.cursor() as UsesCursor | undefined
  const { position = firstPosition, counts } = last?.position === undefined ? fresh : last
  const stretch = { engine, clock, from: position, forMs: stretchMs, signal: run.signal }
  const { counts: more, next } = await countKeyUses(stretch)
  const sum = { ...counts }
  for (const [name, count] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + count
  if (next === undefined) await keepKeyUses(run.engine, { counts: sum, countedAtMs: clock.nowMs() })
  await run.save({ position: next, counts: sum } satisfies UsesCursor)
  return next === undefined ? 'idle' : 'busy'
}

export function showUses(cursor: unknown, { keyring }: JobServices): Shown {
  if (cursor === undefined) return { figures: [] }
  const { counts } = cursor as UsesCursor
  const sealed = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const atRisk = Object.entries(counts).filter(([name]) => findKeyProblem(keyring.keys, name) !== undefined)
  return {
    figures: [
      {
        name: 'sealed',
        value: sealed,
        unit: 'count',
        noun: ['version with a key of the server or of KMS', 'versions with a key of the server or of KMS'],
      },
    ],
    problem:
      atRisk.length === 0 ? undefined : 'Versions are encrypted with KMS keys that are missing or pending deletion.',
  }
}
