import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { engineContract } from './engine-contract.ts'

engineContract(async () => ({ engine: openMemoryEngine(), remove: async () => undefined }))
