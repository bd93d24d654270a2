import { describe } from 'vitest'
import { MemoryBlobs } from '#blobs/memory/memory-blobs.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { blobContract } from '../contract.ts'
import { openPlainFiles } from '../open-plain-files.ts'
import { sealingAll } from './sealed-blobs.ts'

describe('sealed plain files', () => {
  blobContract(async () => sealingAll(await openPlainFiles('memory'), 1))
})

describe('sealed twice, in memory', () => {
  blobContract(async () => {
    const blobs = new MemoryBlobs()
    return sealingAll({ engine: openMemoryEngine(), blobs, close: () => blobs.close() }, 2)
  })
})
