/** The start of a node whose index is shared with others (METADATA_URL). */
import { type Joined, type JoinOptions, joinIndex } from '#app/nodes/join-index.ts'
import type { AppConfig } from '#config/config.ts'
import { StartError } from '#launcher/protocol.ts'
import { version } from '#lib/program/package-root.ts'
import { putAdministrator } from './apply-administrator.ts'
import { type Prepared, prepareUsers } from './first-start.ts'

/** StartError. */
export async function prepareNode(config: AppConfig, say: (sentence: string) => void): Promise<Prepared> {
  let prepared: Prepared | undefined
  const { secretKey, iamText } = await joinAsNode(config, {
    say,
    bootstrapOf: (text) => {
      prepared = prepareUsers(config, text)
      return prepared.bootstrap
    },
    prepare: async (identities) => {
      if (config.adminAccessKey === undefined) return
      const sentence = await putAdministrator(identities, config)
      if (sentence !== undefined) say(sentence)
    },
  })
  if (prepared === undefined) throw new Error('The users of the index were not read')
  // Of two nodes that start at once, one has made the first user.
  const isOwn = iamText === undefined || iamText.includes(JSON.stringify(prepared.bootstrap.secretKey))
  return {
    ...(isOwn ? prepared : prepareUsers(config, iamText)),
    config: { ...config, secretKey },
    secretIn: 'the index',
  }
}

/** StartError. */
export async function joinAsNode(config: AppConfig, options: Omit<JoinOptions, 'version'>): Promise<Joined> {
  try {
    return await joinIndex(config, { ...options, version })
  } catch (error) {
    throw error instanceof Error && 'code' in error ? new StartError(error.message) : error
  }
}
