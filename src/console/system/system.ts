/** The state of the server, and its settings. */
import { stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { internalApiUrl } from '#console/api-urls.ts'
import type { ConsoleServices, Page, Visit } from '#console/page.ts'
import { mayForServer } from '#console/visit/servers-account.ts'
import { checkApi } from '#http/check-api.ts'
import { describeWork } from './background-work.ts'

export const showSystem: Page = async (visit, services) => {
  const { config, version, settings, documentProblems } = services
  const isAdministrator = mayAdminister(visit)
  const [api, disk, indexBytes, work] = await Promise.all([
    checkApi(internalApiUrl(config)),
    diskOf(config.storageRoot),
    indexSize(services),
    isAdministrator ? describeWork(visit, services) : [],
  ])
  return {
    view: 'system/system',
    title: 'System',
    place: 'system',
    crumbs: [{ text: 'System' }],
    locals: {
      api,
      version,
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      upSeconds: Math.round(process.uptime()),
      memoryBytes: process.memoryUsage.rss(),
      workers: config.workers,
      durability: config.durability,
      engine: config.metadataAddress === undefined ? config.metadataEngine : 'postgres',
      watches: config.storageWatch,
      isAdministrator,
      maySeeNodes: mayForServer(visit, services, 's3:ListJobs'),
      disk: isAdministrator ? disk : undefined,
      indexBytes,
      work,
      documents: isAdministrator ? documentProblems() : [],
      settings: isAdministrator ? settings : [],
    },
  }
}

/** Settings and paths are shown only to visitors with every permission on every bucket. */
function mayAdminister(visit: Visit): boolean {
  const any = { bucket: { name: '*', ownerId: '' } }
  return visit.may('s3:PutBucketPolicy', any) && visit.may('s3:DeleteBucket', any)
}

async function diskOf(path: string) {
  const { bsize, blocks, bavail } = await statfs(path)
  return { path, totalBytes: blocks * bsize, freeBytes: bavail * bsize }
}

async function indexSize({ config }: ConsoleServices): Promise<number> {
  const file = join(config.storageRoot, '.myfsio.sys', 'index', 'data.mdb')
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  )
}
