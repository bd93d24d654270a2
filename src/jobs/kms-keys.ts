/** Changes of KMS keys at their time: rotation after the period, and deletion after the waiting period. */
import { deleteExpiredKeys } from '#keyring/changes/key-state.ts'
import { rotateDueKeys } from '#keyring/changes/rotation.ts'
import type { JobServices, Shown, Step } from './job.ts'

export async function tendKeys({ keyring, clock, ownClock, log }: JobServices): Promise<Step> {
  // Where the clocks differ, one of them is wrong: a key is only destroyed once its time has come by both.
  const deleted = await deleteExpiredKeys(keyring, Math.min(clock.nowMs(), ownClock.nowMs()))
  for (const arn of deleted) log.warn({ arn }, 'the waiting period of a KMS key has ended: it is deleted')
  const rotated = await rotateDueKeys(keyring)
  if (rotated > 0) log.info({ rotated }, 'KMS keys were rotated')
  return 'idle'
}

export function showKeys({ keyring }: JobServices): Shown {
  const { keys } = keyring.keys
  const pending = keys.filter(({ deletesAt }) => deletesAt !== undefined).length
  return {
    figures: [
      { name: 'keys', value: keys.length, unit: 'count', noun: ['key', 'keys'] },
      { name: 'pending', value: pending, unit: 'count', noun: ['pending deletion', 'pending deletion'] },
    ],
  }
}
