import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { localEngineContract } from './local-engine-contract.ts'

localEngineContract(async () => ({ engine: openMemoryEngine(), remove: async () => undefined }))
