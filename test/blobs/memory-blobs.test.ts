import { MemoryBlobs } from '#blobs/memory/memory-blobs.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { appendContract } from './append-contract.ts'
import { blobContract } from './contract.ts'

const open = async () => {
  const engine = openMemoryEngine()
  const blobs = new MemoryBlobs()
  return { engine, blobs, close: () => blobs.close() }
}

blobContract(open)
appendContract(open)
