/**
 * SECRET_KEY must be the same on all nodes: it encrypts the secrets of users, and signs sessions and forms. Without a
 * setting, the index stores it. With a setting, the index stores a proof of it: a node with another key is refused
 * while any node runs.
 */
import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'
import type { Clock } from '#lib/clock.ts'
import { decodeJson, encodeJson, rowKey } from '#metadata/tables.ts'
import { findLivingNodes, nameNodes } from './living-nodes.ts'
import type { NodeEngine } from './node-rows.ts'
import { NodeRefused } from './refused-start.ts'

type SecretRow = { readonly secret: string } | { readonly salt: string; readonly proof: string }

const secretKey = rowKey('g', 'secret')

export interface GivenSecret {
  /** The setting. */
  readonly given: string | undefined
  /** The secret that this machine used before it was a node. */
  readonly former: () => string | undefined
  readonly warn: (sentence: string) => void
}

/** Throws NodeRefused. */
export async function agreeOnSecret(engine: NodeEngine, clock: Clock, options: GivenSecret): Promise<string> {
  const { given, former } = options
  for (;;) {
    const value = await engine.get(secretKey)
    const row = value === undefined ? undefined : decodeJson<SecretRow>(value)
    if (row !== undefined) {
      if (given === undefined && 'secret' in row) return row.secret
      if (given !== undefined && isSecretOf(row, given)) return given
      await assertMayChange(engine, clock, options)
    }
    const secret = given ?? former() ?? randomBytes(32).toString('base64url')
    const next = given === undefined ? { secret } : proofOf(given)
    const checks = [{ key: secretKey, is: value }]
    const written = await engine.commit({ checks, writes: [{ key: secretKey, value: encodeJson(next) }] })
    if (written !== undefined) return secret
  }
}

async function assertMayChange(engine: NodeEngine, clock: Clock, { given, warn }: GivenSecret): Promise<void> {
  if (given === undefined) {
    throw new NodeRefused('SECRET_KEY is not set, and the nodes of this index have one: give this node the same.')
  }
  const living = await findLivingNodes(engine, clock)
  if (living.length > 0) {
    throw new NodeRefused(
      `SECRET_KEY is another than that of the nodes that run: ${nameNodes(living)}. Give all nodes the same; to change it, stop them all first.`,
    )
  }
  warn('SECRET_KEY has changed: sessions end, and secrets that were sealed with the former one can no longer be read.')
}

function proofOf(secret: string, salt = randomBytes(16).toString('base64')): SecretRow & { readonly proof: string } {
  return { salt, proof: scryptSync(secret, Buffer.from(salt, 'base64'), 32).toString('base64') }
}

function isSecretOf(row: SecretRow, secret: string): boolean {
  if ('secret' in row) return row.secret === secret
  return timingSafeEqual(Buffer.from(proofOf(secret, row.salt).proof), Buffer.from(row.proof))
}
