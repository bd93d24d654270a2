/**
 * AES-256-GCM into the caller's memory. node:crypto allocates a buffer for each call, which takes longer than the
 * cipher, and half as long again to collect. So its OpenSSL is called directly, through koffi, if the program exports
 * it. docs/decisions/031.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { type CLibrary, loadCLibrary } from './koffi.ts'

export const tagBytes = 16
const keyBytes = 32
const nonceBytes = 12

/** The parameters of a message. Two messages with the same key must not have the same nonce. */
export interface Address {
  /** 32 bytes. */
  readonly key: Buffer
  /** 12 bytes. */
  readonly nonce: Buffer
  /** Authenticated with the message. */
  readonly identity: Buffer
}

export interface AesGcm {
  /** `target` has space for the message and its tag, and may start with the message itself. */
  seal(address: Address, message: Uint8Array, target: Uint8Array): void
  /**
   * False if this was not encrypted so; then `target` contains nothing of it. `target`: as long as the message; it may
   * start where `sealed` does.
   */
  open(address: Address, sealed: Uint8Array, target: Uint8Array): boolean
}

const cipher = 'aes-256-gcm'
const options = { authTagLength: tagBytes } as const

/** Used if OpenSSL cannot be called. */
export const aesGcmOfNode: AesGcm = {
  seal({ key, nonce, identity }, message, target) {
    const sealing = createCipheriv(cipher, key, nonce, options)
    sealing.setAAD(identity)
    target.set(sealing.update(message))
    sealing.final()
    target.set(sealing.getAuthTag(), message.length)
  },
  open({ key, nonce, identity }, sealed, target) {
    const opening = createDecipheriv(cipher, key, nonce, options)
    opening.setAAD(identity)
    opening.setAuthTag(sealed.subarray(target.length))
    const message = opening.update(sealed.subarray(0, target.length))
    try {
      opening.final()
    } catch {
      return false
    }
    target.set(message)
    return true
  },
}

type Pointer = object | null
type Update = (
  context: Pointer,
  out: Uint8Array | null,
  outBytes: Buffer,
  from: Uint8Array,
  fromBytes: number,
) => number

interface OpenSsl {
  /** The only context: each use initializes it again, and calls do not overlap. */
  readonly context: Pointer
  readonly cipher: Pointer
  readonly encryptInit: (context: Pointer, cipher: Pointer, engine: null, key: Buffer, nonce: Buffer) => number
  readonly encryptUpdate: Update
  readonly encryptFinal: (context: Pointer, out: Buffer, outBytes: Buffer) => number
  readonly decryptInit: OpenSsl['encryptInit']
  readonly decryptUpdate: Update
  readonly decryptFinal: OpenSsl['encryptFinal']
  readonly control: (context: Pointer, type: number, size: number, tag: Buffer) => number
}

const getTag = 0x10
const setTag = 0x11
/** For sizes that OpenSSL returns, and for a tag. Each is read before the next call. */
const outBytes = Buffer.alloc(4)
const nothing = Buffer.alloc(16)
const tag = Buffer.alloc(tagBytes)

function aesGcmOf(ssl: OpenSsl): AesGcm {
  const { context } = ssl
  return {
    seal({ key, nonce, identity }, message, target) {
      assertSizes(key, nonce, target.length >= message.length + tagBytes)
      const isSealed =
        ssl.encryptInit(context, ssl.cipher, null, key, nonce) === 1 &&
        ssl.encryptUpdate(context, null, outBytes, identity, identity.length) === 1 &&
        (message.length === 0 || ssl.encryptUpdate(context, target, outBytes, message, message.length) === 1) &&
        ssl.encryptFinal(context, nothing, outBytes) === 1 &&
        ssl.control(context, getTag, tagBytes, tag) === 1
      if (!isSealed) throw new Error('OpenSSL could not encrypt')
      target.set(tag, message.length)
    },
    open({ key, nonce, identity }, sealed, target) {
      assertSizes(key, nonce, sealed.length === target.length + tagBytes)
      tag.set(sealed.subarray(target.length))
      const isOpened =
        ssl.decryptInit(context, ssl.cipher, null, key, nonce) === 1 &&
        ssl.control(context, setTag, tagBytes, tag) === 1 &&
        ssl.decryptUpdate(context, null, outBytes, identity, identity.length) === 1 &&
        (target.length === 0 || ssl.decryptUpdate(context, target, outBytes, sealed, target.length) === 1) &&
        ssl.decryptFinal(context, nothing, outBytes) === 1
      if (!isOpened) target.fill(0)
      return isOpened
    },
  }
}

/** Writing outside of a buffer would overwrite other memory. */
function assertSizes(key: Buffer, nonce: Buffer, fits: boolean): void {
  if (key.length !== keyBytes || nonce.length !== nonceBytes || !fits)
    throw new Error('a key or a buffer of a wrong size')
}

/** The same through the OpenSSL of this program; undefined if it is not exported, or works differently. */
export function findAesGcmOfOpenSsl(): AesGcm | undefined {
  try {
    const found = aesGcmOf(load(loadCLibrary()))
    return isSame(found) ? found : undefined
  } catch {
    return undefined
  }
}

function load({ func }: CLibrary): OpenSsl {
  const init = '(void *, void *, void *, void *, void *)'
  const update = '(void *, void *, void *, void *, int)'
  const context = func('void *EVP_CIPHER_CTX_new()')() as Pointer
  if (context === null) throw new Error('OpenSSL has no memory')
  return {
    context,
    cipher: func('void *EVP_aes_256_gcm()')() as Pointer,
    encryptInit: func(`int EVP_EncryptInit_ex${init}`) as OpenSsl['encryptInit'],
    encryptUpdate: func(`int EVP_EncryptUpdate${update}`) as Update,
    encryptFinal: func('int EVP_EncryptFinal_ex(void *, void *, void *)') as OpenSsl['encryptFinal'],
    decryptInit: func(`int EVP_DecryptInit_ex${init}`) as OpenSsl['decryptInit'],
    decryptUpdate: func(`int EVP_DecryptUpdate${update}`) as Update,
    decryptFinal: func('int EVP_DecryptFinal_ex(void *, void *, void *)') as OpenSsl['decryptFinal'],
    control: func('int EVP_CIPHER_CTX_ctrl(void *, int, int, void *)') as OpenSsl['control'],
  }
}

/** Whether its results are those of node:crypto. */
function isSame(found: AesGcm): boolean {
  const address = { key: Buffer.alloc(keyBytes, 1), nonce: Buffer.alloc(nonceBytes, 2), identity: Buffer.alloc(11, 3) }
  const message = Buffer.alloc(100, 4)
  const [sealed, expected] = [Buffer.alloc(116), Buffer.alloc(116)]
  found.seal(address, message, sealed)
  aesGcmOfNode.seal(address, message, expected)
  const opened = Buffer.alloc(100)
  return sealed.equals(expected) && found.open(address, sealed, opened) && opened.equals(message)
}

let chosen: AesGcm | undefined

/** The faster one. Found at first use, which takes about 10 ms. */
export function aesGcm(): AesGcm {
  chosen ??= findAesGcmOfOpenSsl() ?? aesGcmOfNode
  return chosen
}
