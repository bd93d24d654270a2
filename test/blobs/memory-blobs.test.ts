import { MemoryBlobs } from '#blobs/memory/memory-blobs.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { blobContract } from './contract.ts'

blobContract(async () => {
  const engine = openMemoryEngine()
  const blobs = new MemoryBlobs()
  return { engine, blobs, close: () => blobs.close() }
})
