/** Acknowledged locked versions, which no crash may undo. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import type { CrashingServer } from './crashing-server.ts'
import { md5Of } from './ledger.ts'

const until = new Date('2999-01-01')
const retention = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: until } as const
const hold = { ObjectLockLegalHoldStatus: 'ON' } as const

interface Acknowledged {
  readonly key: string
  readonly digest: string
  isRetained: boolean
  isHeld: boolean
}

export class LockedVersions {
  readonly #server: CrashingServer
  readonly #bucket: string
  readonly #versions = new Map<string, Acknowledged>()

  constructor(server: CrashingServer, bucket: string) {
    this.#server = server
    this.#bucket = bucket
  }

  /** The id of the version, unless the server died of it. */
  async put(key: string, Body: Buffer, lock: 'retained' | 'held' | 'unlocked'): Promise<string | undefined> {
    const asked = { retained: retention, held: hold, unlocked: {} }[lock]
    const put = new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body, ...asked })
    const id = await this.#server.client.send(put).then(
      ({ VersionId }) => VersionId,
      () => undefined,
    )
    if (id === undefined) return undefined
    this.#versions.set(id, { key, digest: md5Of(Body), isRetained: lock === 'retained', isHeld: lock === 'held' })
    return id
  }

  async lock(VersionId: string | undefined, how: 'retain' | 'hold'): Promise<void> {
    const version = this.#versions.get(VersionId ?? '')
    // The server died before it answered.
    if (version === undefined) return
    const at = { Bucket: this.#bucket, Key: version.key, VersionId }
    const { client } = this.#server
    const Retention = { Mode: 'COMPLIANCE', RetainUntilDate: until } as const
    const asked =
      how === 'retain'
        ? client.send(new PutObjectRetentionCommand({ ...at, Retention }))
        : client.send(new PutObjectLegalHoldCommand({ ...at, LegalHold: { Status: 'ON' } }))
    const isDone = await asked.then(
      () => true,
      () => false,
    )
    if (!isDone) return
    if (how === 'retain') version.isRetained = true
    else version.isHeld = true
  }

  /** All bytes are there, and all locks are in force. */
  async verify(): Promise<void> {
    for (const [VersionId, { key, digest, isRetained, isHeld }] of this.#versions) {
      const at = { Bucket: this.#bucket, Key: key, VersionId }
      const found = await this.#server.client.send(new GetObjectCommand(at))
      expect(md5Of((await found.Body?.transformToByteArray()) ?? Buffer.alloc(0)), key).toBe(digest)
      if (isRetained) expect(found, key).toMatchObject(retention satisfies Partial<GetObjectCommandOutput>)
      if (isHeld) expect(found, key).toMatchObject(hold satisfies Partial<GetObjectCommandOutput>)
      if (!isRetained && !isHeld) continue
      const remove = new DeleteObjectCommand({ ...at, BypassGovernanceRetention: true })
      await expect(this.#server.client.send(remove), key).rejects.toMatchObject({ name: 'AccessDenied' })
    }
  }
}
