import { describe } from 'vitest'
import { appendContract } from './append-contract.ts'
import { blobContract } from './contract.ts'
import { openPlainFiles } from './open-plain-files.ts'

describe.each(['lmdb', 'memory'] as const)('plain files over %s', (name) => {
  blobContract(() => openPlainFiles(name))
  appendContract(() => openPlainFiles(name))
})
