import { shownApiUrl } from '#console/api-urls.ts'
import { snippets } from '#console/overview/snippets.ts'
import type { Page } from '#console/page.ts'
import { arnOf } from './arn-of.ts'
import { policyExamples } from './policy-examples.ts'

export const showDocs: Page = (visit, { config }) => {
  const endpoint = shownApiUrl(config, visit)
  const { region } = config
  const accessKeyId = visit.principal.accessKeyId || '<your access key>'
  const bucket = 'photos'
  return {
    view: 'docs/docs',
    title: 'Docs',
    place: 'docs',
    crumbs: [{ text: 'Docs' }],
    locals: {
      endpoint,
      region,
      storageRoot: config.isLoopback ? config.storageRoot : 'STORAGE_ROOT',
      snippets: snippets({ endpoint, region, accessKeyId, bucket }),
      examples: policyExamples(bucket, arnOf(visit.principal)),
    },
  }
}
