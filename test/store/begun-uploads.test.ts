import { expect, it } from 'vitest'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { encodeJson, rowKey } from '#metadata/tables.ts'
import { transact } from '#metadata/transact.ts'
import { noteEmptied } from '#store/uploads/begun-uploads.ts'

it('does not bring an upload back that is aborted while the last version of its key is deleted', async () => {
  const engine = openMemoryEngine()
  const [aborted, other] = ['aborted', 'other'].map((uploadId) => rowKey('u', 'bucket', 'key', uploadId))
  if (aborted === undefined || other === undefined) throw new Error('no keys')
  const value = encodeJson({ begunOn: 'an order' })
  const writes = [aborted, other].map((key) => ({ key, value }))
  await engine.commit({ checks: [], writes })
  await transact(engine, async (transaction) => {
    await noteEmptied(transaction, 'bucket', 'key')
    if (!transaction.isRepeated) await engine.commit({ checks: [], writes: [{ key: aborted, value: undefined }] })
  })
  expect(engine.get(aborted)).toBeUndefined()
  expect(engine.get(other)).toEqual(encodeJson({ begunOn: 'emptied' }))
})
