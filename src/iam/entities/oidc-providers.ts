import { readTags } from '#iam/reading.ts'
import type { IamRequest, IamRow } from '#iam/request.ts'
import { rules } from '#iam/rules.ts'
import { formatDate, formatTags } from '#iam/shapes.ts'
import { anything, onOidcProvider } from '#iam/targets.ts'
import {
  addClientId,
  createOidcProvider,
  deleteOidcProvider,
  getOidcProvider,
} from '#identity/accounts/oidc-providers.ts'
import { tagsOf } from '#identity/entities/entity.ts'
import { oidcProviderArn } from '#identity/entities/oidc-provider.ts'
import { ApiError } from '#model/errors.ts'

const arnAsked = ({ params }: IamRequest): string => params.get('OpenIDConnectProviderArn', rules.arn)
const clientIds = { ...rules.clientId, maxItems: 100 }
const thumbprints = { ...rules.thumbprint, maxItems: 5 }

/** ValidationError. AWS requires https; http is allowed here for an issuer on the same machine. */
function readUrl({ params }: IamRequest): string {
  const text = params.get('Url', rules.providerUrl)
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.search !== '' ||
    url.hash !== '' ||
    url.username !== ''
  ) {
    throw new ApiError('ValidationError', { message: 'Invalid Open ID Connect Provider URL' })
  }
  return text
}

export const oidcProviderRows: readonly IamRow[] = [
  {
    name: 'CreateOpenIDConnectProvider',
    on: onOidcProvider,
    async run(request) {
      const { params, change } = request
      const given = {
        url: readUrl(request),
        clientIds: params.list('ClientIDList', clientIds),
        thumbprints: params.list('ThumbprintList', thumbprints),
      }
      const tags = tagsOf(readTags(params))
      return change((account, nowMs) => {
        const provider = Object.assign(createOidcProvider(account, given, nowMs), { tags })
        return { OpenIDConnectProviderArn: oidcProviderArn(account.id, provider.url), Tags: formatTags(tags) }
      })
    },
  },
  {
    name: 'GetOpenIDConnectProvider',
    on: onOidcProvider,
    run(request) {
      const provider = getOidcProvider(request.account, arnAsked(request))
      return {
        Url: provider.url,
        ClientIDList: { member: provider.clientIds },
        ThumbprintList: { member: provider.thumbprints },
        CreateDate: formatDate(provider.createdAt),
        Tags: formatTags(provider.tags),
      }
    },
  },
  {
    name: 'ListOpenIDConnectProviders',
    on: anything,
    run: ({ account }) => ({
      OpenIDConnectProviderList: {
        member: account.oidcProviders.map(({ url }) => ({ Arn: oidcProviderArn(account.id, url) })),
      },
    }),
  },
  {
    name: 'DeleteOpenIDConnectProvider',
    on: onOidcProvider,
    async run(request) {
      const arn = arnAsked(request)
      await request.change((account) => deleteOidcProvider(account, arn))
      return undefined
    },
  },
  {
    name: 'AddClientIDToOpenIDConnectProvider',
    on: onOidcProvider,
    async run(request) {
      const arn = arnAsked(request)
      const clientId = request.params.get('ClientID', rules.clientId)
      await request.change((account) => addClientId(getOidcProvider(account, arn), clientId))
      return undefined
    },
  },
  {
    name: 'RemoveClientIDFromOpenIDConnectProvider',
    on: onOidcProvider,
    async run(request) {
      const arn = arnAsked(request)
      const clientId = request.params.get('ClientID', rules.clientId)
      await request.change((account) => {
        const provider = getOidcProvider(account, arn)
        provider.clientIds = provider.clientIds.filter((one) => one !== clientId)
      })
      return undefined
    },
  },
  {
    name: 'UpdateOpenIDConnectProviderThumbprint',
    on: onOidcProvider,
    async run(request) {
      const arn = arnAsked(request)
      const list = request.params.list('ThumbprintList', thumbprints)
      await request.change((account) => {
        getOidcProvider(account, arn).thumbprints = list
      })
      return undefined
    },
  },
]
