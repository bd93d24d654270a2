/** Keys that another node has just made: a node that does not know them yet looks again before it refuses. */
import { beforeEach, describe, expect, it } from 'vitest'
import { emptyKeyDocument, type KeyDocument } from '#keyring/key-document.ts'
import { LocalKeyring } from '#keyring/local-keyring.ts'
import { settingRootKey } from '#keyring/root-key/setting-root-key.ts'
import { systemClock } from '#lib/clock.ts'

const place = { account: '000000000000', region: 'us-east-1' }
const context = { 'aws:s3:arn': 'arn:aws:s3:::bucket/key' }
const root = settingRootKey('a root key of thirty-two letters')

describe('of two nodes', () => {
  let newest: KeyDocument
  let looks: number
  let one: LocalKeyring
  let other: LocalKeyring

  /** Knows what it has written, and what was there when it has last looked. */
  function nodeOf(): LocalKeyring {
    let known = newest
    const document = {
      get current() {
        return known
      },
      async update(change: (value: KeyDocument) => KeyDocument) {
        known = change(newest)
        newest = known
        return known
      },
    }
    const freshen = async () => {
      looks++
      known = newest
    }
    return new LocalKeyring({ document, root, clock: systemClock, freshen })
  }

  beforeEach(async () => {
    newest = emptyKeyDocument()
    looks = 0
    one = nodeOf()
    // Both have the same root key.
    await one.managedKey('s3', { ...place, account: '999999999999' })
    other = nodeOf()
  })

  it('one opens what the other has sealed by the key of the server, at once', async () => {
    const { plaintext, wrapped } = await one.serverKey.generate(context)
    expect(await other.serverKey.unwrap(wrapped, context)).toEqual(plaintext)
    expect(await other.serverKey.unwrap(wrapped, context)).toEqual(plaintext)
    expect(looks).toBe(1)
  })

  it('one opens what the other has sealed by a new key, and finds that key', async () => {
    const { arn } = await one.managedKey('s3', place)
    const { plaintext, wrapped } = await one.generateDataKey(arn, context)
    expect(await other.unwrap(wrapped, context)).toEqual(plaintext)
    const later = nodeOf()
    expect((await later.lookUp('alias/aws/s3', place)).arn).toBe(arn)
  })

  it('a key that there is not is refused by both', async () => {
    await expect(other.lookUp('alias/none', place)).rejects.toMatchObject({ code: 'KMS.NotFoundException' })
  })
})
