/**
 * AES-256-GCM into memory of the caller. node:crypto makes a new buffer for each call, which takes longer than the cipher, and half as
 * much again to collect: so its OpenSSL is called directly, through koffi, where the program exports it. docs/decisions/031.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { type CLibrary, loadCLibrary } from './koffi.ts'

export const tagBytes = 16
const keyBytes = 32
const nonceBytes = 12

/** What a message is sealed with. No two messages of a key may have one nonce. */
export interface Address {
  /** 32 bytes. */
  readonly key: Buffer
  /** 12 bytes. */
  readonly nonce: Buffer
  /** Authenticated with the message. */
  readonly identity: Buffer
}

export interface AesGcm {
  /** `target` has room for the message and its tag, and may begin with the message itself. */
  seal(address: Address, message: Uint8Array, target: Uint8Array): void
  /** False, and the target has no byte of it, if this was not sealed so. `target`: as long as the message; may begin where `sealed` does. */
  open(address: Address, sealed: Uint8Array, target: Uint8Array): boolean
}

const cipher = 'aes-256-gcm'
const options = { authTagLength: tagBytes } as const

/** Where OpenSSL cannot be called. */
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
  /** Its only one: each use begins anew, and none waits for another. */
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
/** For what OpenSSL says of sizes, and for a tag: each is read before the next call. */
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

/** What is written beyond a buffer is memory of something else. */
function assertSizes(key: Buffer, nonce: Buffer, fits: boolean): void {
  if (key.length !== keyBytes || nonce.length !== nonceBytes || !fits)
    throw new Error('a key or a buffer of a wrong size')
}

/** The same, through the OpenSSL of this program; undefined where it is not exported, or works in another way. */
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

/** Whether it does what node:crypto does. */
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

/** The quicker one. Found at the first use, which takes about 10 ms. */
export function aesGcm(): AesGcm {
  chosen ??= findAesGcmOfOpenSsl() ?? aesGcmOfNode
  return chosen
}
