/** The size of the index's file, and how much of it is in use. Empty for an engine without a file. */
import type { MetadataEngine } from '#metadata/engine.ts'
import type { WorkStatus } from '#model/work-status.ts'

export async function compactionStatus(engine: MetadataEngine): Promise<WorkStatus[]> {
  const usage = await engine.fileUsage?.()
  if (usage === undefined) return []
  return [
    {
      name: 'compaction',
      title: 'Index compaction',
      what: 'The first process that opens the index compacts its file if less than half of it is in use.',
      starts: 'at the start',
      state: 'idle',
      figures: [
        { name: 'usedBytes', value: usage.usedBytes, unit: 'bytes', noun: ['in use', 'in use'] },
        { name: 'fileBytes', value: usage.fileBytes, unit: 'bytes', noun: ['in the file', 'in the file'] },
      ],
      mayStartByHand: false,
    },
  ]
}
