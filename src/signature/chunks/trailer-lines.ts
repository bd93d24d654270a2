/**
 * The lines after the closing chunk of an aws-chunked body: the announced trailer, its signature, and an empty line.
 */
import { hash } from 'node:crypto'
import { ApiError } from '#model/errors.ts'
import type { ChunkChain } from '#signature/request.ts'
import { isSame } from '#signature/signing-key.ts'

const trailerBytesMax = 16 * 1024

export interface TrailerRules {
  /** The name in `x-amz-trailer`, in lower case. Others are refused, since nothing would verify them. */
  readonly announced: string | undefined
  /** For a body whose trailer is signed. */
  readonly chain: ChunkChain | undefined
}

export class TrailerLines {
  /** Names in lower case. */
  readonly values: Record<string, string> = {}
  readonly #rules: TrailerRules
  #text = ''
  #signature: string | undefined
  #isLineOpen = false
  #isAtEnd = false

  constructor(rules: TrailerRules) {
    this.#rules = rules
  }

  /** Whether the last line was received. */
  get isAtEnd(): boolean {
    return this.#isAtEnd
  }

  /** `ending`: how the line ended. */
  take(line: string, ending: '\r\n' | '\n'): void {
    if (this.#isAtEnd) throw malformed()
    if (line === '') {
      if (ending === '\n') throw new ApiError('IncompleteBody')
      // AWS's documentation and minio-go end a trailer with LF and CRLF: this is the rest of that end.
      if (this.#isLineOpen) this.#isLineOpen = false
      else this.#isAtEnd = true
      return
    }
    if (this.#isLineOpen) throw new ApiError('IncompleteBody')
    this.#isLineOpen = ending === '\n'
    this.#takeField(line)
  }

  /** Called once the body has ended. `previous`: the signature of its last chunk. */
  verify(previous: string): void {
    const { chain } = this.#rules
    if (chain === undefined) return
    const textHash = hash('sha256', this.#text, 'hex')
    const toSign = `AWS4-HMAC-SHA256-TRAILER\n${chain.timestamp}\n${chain.scope}\n${previous}\n${textHash}`
    if (!isSame(chain.signingKey.sign(toSign), this.#signature ?? '')) throw new ApiError('SignatureDoesNotMatch')
  }

  #takeField(line: string): void {
    const colon = line.indexOf(':')
    if (colon < 1 || this.#signature !== undefined) throw malformed()
    const name = line.slice(0, colon).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (name === 'x-amz-trailer-signature' && this.#rules.chain !== undefined) {
      this.#signature = value
      return
    }
    this.#text += `${name}:${value}\n`
    const isRepeated = Object.hasOwn(this.values, name)
    if (name !== this.#rules.announced || isRepeated || this.#text.length > trailerBytesMax) throw malformed()
    Object.defineProperty(this.values, name, { value, enumerable: true, configurable: true })
  }
}

const malformed = () => new ApiError('MalformedTrailerError')
