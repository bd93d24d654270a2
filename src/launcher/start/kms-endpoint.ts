/** Whether the root key would travel through the open Internet without TLS: asked before anything is started. */
import { promises as dns } from 'node:dns'
import type { AppConfig } from '#config/config.ts'
import { StartError } from '#launcher/protocol.ts'
import { isPrivateAddress } from '#lib/net/private-address.ts'

/** StartError. A name that cannot be resolved now is checked when it is asked. */
export async function assertKmsEndpointSafe({ kms }: Pick<AppConfig, 'kms'>): Promise<void> {
  const { protocol, hostname } = new URL(kms.endpoint?.url ?? 'https://none')
  if (protocol !== 'http:') return
  const addresses = await dns.lookup(hostname.replace(/^\[|\]$/g, ''), { all: true }).catch(() => [])
  const found = addresses.find(({ address }) => !isPrivateAddress(address))
  if (found === undefined) return
  throw new StartError(
    `KMS_ENDPOINT cannot be ${kms.endpoint?.url}: ${found.address} is a public address, and without TLS the root key could be read on its way. Use https; http is for loopback and private addresses.`,
  )
}
