/**
 * Clients that write, delete and read a few keys over several workers, and what each of them was answered, and when.
 */
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { Agent, request } from 'node:http'
import { dirname } from 'node:path'
import type { Operation, Value } from './checker.ts'

interface Answer {
  readonly status: number
  readonly etag: string | undefined
  readonly retryAfter: string | undefined
  readonly body: string
}

/** The longest time until a change by hand is noticed, or an operation happens that was refused with a 503. */
const noticedAfterMs = 5000
/** A request without an answer after this time has none. */
const answerMs = 60_000
/** The pause after a request that was not served. */
const pauseMs = 100

export interface RecorderOptions {
  /** Servers may be killed: connections are refused and break. Otherwise that is an error. */
  readonly areKilled?: boolean
}

export class Recorder {
  readonly #ports: readonly number[]
  readonly #bucket: string
  readonly #areKilled: boolean
  #count = 0
  readonly #histories = new Map<string, Operation[]>()
  readonly #statuses = new Map<number, number>()

  /** `ports`: the servers that clients use in turn. */
  constructor(ports: readonly number[], bucket: string, { areKilled = false }: RecorderOptions = {}) {
    this.#ports = ports
    this.#bucket = bucket
    this.#areKilled = areKilled
  }

  /** The number of all operations so far. */
  get count(): number {
    return this.#count
  }

  get histories(): ReadonlyMap<string, readonly Operation[]> {
    return this.#histories
  }

  /** `headers`: of all its writes. */
  client(name: string, headers: Record<string, string> = {}): Client {
    return new Client({
      name,
      ports: this.#ports,
      bucket: this.#bucket,
      writeHeaders: headers,
      areKilled: this.#areKilled,
      note: (key, operation) => this.#note(key, operation),
      tell: (status) => this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1),
    })
  }

  /** The number of answers with each status; 0 means no answer. */
  get statuses(): ReadonlyMap<number, number> {
    return this.#statuses
  }

  /** Another file replaces the object's, as an editor or `mv` does it. */
  writeByHand(folder: string, key: string, value: string): void {
    const path = `${folder}/${this.#bucket}/${key}`
    const startMs = performance.now()
    // Not in the bucket, where it would be an object.
    const temporary = `${folder}/by-hand.tmp`
    fs.writeFileSync(temporary, value)
    try {
      fs.mkdirSync(dirname(path), { recursive: true })
      fs.renameSync(temporary, path)
    } catch (error) {
      // A delete has just removed the folder.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return
      throw error
    }
    this.#noteByHand(key, startMs, `written by hand: ${short(value)}`, value)
  }

  removeByHand(folder: string, key: string): void {
    const startMs = performance.now()
    fs.rmSync(`${folder}/${this.#bucket}/${key}`, { force: true })
    this.#noteByHand(key, startMs, 'removed by hand', undefined)
  }

  #noteByHand(key: string, startMs: number, name: string, state: Value): void {
    const endMs = performance.now() + noticedAfterMs
    this.#note(key, { startMs, endMs, name, isOptional: true, apply: () => ({ state }) })
  }

  #note(key: string, operation: Operation): void {
    this.#count++
    const history = this.#histories.get(key)
    if (history === undefined) this.#histories.set(key, [operation])
    else history.push(operation)
  }
}

interface ClientOptions {
  readonly name: string
  readonly ports: readonly number[]
  readonly bucket: string
  readonly writeHeaders: Record<string, string>
  readonly areKilled: boolean
  readonly note: (key: string, operation: Operation) => void
  readonly tell: (status: number) => void
}

export class Client {
  readonly #name: string
  readonly #options: ClientOptions
  readonly #note: (key: string, operation: Operation) => void
  #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  #port: number
  #count = 0

  constructor(options: ClientOptions) {
    this.#options = options
    this.#name = options.name
    this.#note = options.note
    this.#port = pick(options.ports)
  }

  close(): void {
    this.#agent.destroy()
  }

  /** The next connection may be another worker's, or another server's. */
  reconnect(): void {
    this.#port = pick(this.#options.ports)
    this.#agent.destroy()
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1 })
  }

  newValue(sizeBytes: number): string {
    return `${this.#name}-${this.#count++} `.padEnd(sizeBytes, '.')
  }

  async read(key: string): Promise<{ value: Value; etag: string | undefined }> {
    const startMs = performance.now()
    const { status, etag, body } = await this.#send('GET', key)
    if (status !== 200 && status !== 404) {
      this.#expectPatience(status, 'GET')
      return { value: undefined, etag: undefined }
    }
    const value = status === 200 ? body : undefined
    if (value !== undefined && etag !== undefined && !etag.includes('-') && etag !== md5Of(value)) {
      throw new Error(`${key}: the ETag is ${etag}, and the bytes are ${short(value)}`)
    }
    this.#noteAnswer(key, startMs, `read ${short(value)}`, (state) => state === value && { state })
    return { value, etag }
  }

  async write(key: string, value: string): Promise<void> {
    const startMs = performance.now()
    const { status } = await this.#send('PUT', key, value)
    const apply = () => ({ state: value })
    if (status === 200) this.#noteAnswer(key, startMs, `write ${short(value)}`, apply)
    else this.#noteUnknown(key, startMs, status, `write ${short(value)}`, apply)
  }

  /** If-None-Match: * */
  async create(key: string, value: string): Promise<void> {
    const startMs = performance.now()
    const { status } = await this.#send('PUT', key, value, { 'if-none-match': '*' })
    const name = `create ${short(value)}: ${status}`
    const apply = (state: Value) => state === undefined && { state: value }
    if (status === 200) this.#noteAnswer(key, startMs, name, apply)
    else if (status === 412) this.#noteAnswer(key, startMs, name, (state) => state !== undefined && { state })
    else this.#noteUnknown(key, startMs, status, name, apply)
  }

  /** With If-Match for the value that was read. */
  async replace(key: string, before: { value: Value; etag: string | undefined }, value: string): Promise<void> {
    await this.#changeIfMatch(key, before, value, await this.#timed('PUT', key, value, before.etag))
  }

  /** With If-Match if `before` is given. */
  async remove(key: string, before?: { value: Value; etag: string | undefined }): Promise<void> {
    if (before !== undefined) {
      await this.#changeIfMatch(key, before, undefined, await this.#timed('DELETE', key, undefined, before.etag))
      return
    }
    const startMs = performance.now()
    const { status } = await this.#send('DELETE', key)
    const apply = () => ({ state: undefined })
    if (status === 204) this.#noteAnswer(key, startMs, 'delete', apply)
    else this.#noteUnknown(key, startMs, status, 'delete', apply)
  }

  /** PutObject at the end of the object that was read: to any object of that size. */
  async append(key: string, before: { value: Value }, more: string): Promise<void> {
    const size = before.value?.length ?? 0
    const startMs = performance.now()
    const { status } = await this.#send('PUT', key, more, { 'x-amz-write-offset-bytes': String(size) })
    const name = `append ${short(more)} at ${size}: ${status}`
    const isAtEnd = (state: Value) => (state?.length ?? 0) === size
    const apply = (state: Value) => isAtEnd(state) && { state: (state ?? '') + more }
    if (status === 200) this.#noteAnswer(key, startMs, name, apply)
    else if (status === 400) this.#noteAnswer(key, startMs, name, (state) => !isAtEnd(state) && { state })
    else this.#noteUnknown(key, startMs, status, name, apply)
  }

  /** RenameObject of the object that was read. Each key is a register, so each must explain its half. */
  async rename(key: string, before: { value: Value; etag: string | undefined }, to: string): Promise<void> {
    const startMs = performance.now()
    const { status } = await this.#send('PUT', `${to}?renameObject`, undefined, {
      'x-amz-rename-source': encodeURI(`/${this.#options.bucket}/${key}`),
      'x-amz-rename-source-if-match': `"${before.etag}"`,
    })
    const name = `rename ${short(before.value)} from ${key} to ${to}: ${status}`
    const leave = (state: Value) => state === before.value && { state: undefined }
    const arrive = () => ({ state: before.value })
    if (status === 200) {
      this.#noteAnswer(key, startMs, name, leave)
      this.#noteAnswer(to, startMs, name, arrive)
    } else if (status === 404) this.#noteAnswer(key, startMs, name, (state) => state === undefined && { state })
    else if (status === 412) {
      this.#noteAnswer(key, startMs, name, (state) => state !== undefined && state !== before.value && { state })
    } else {
      this.#noteUnknown(key, startMs, status, name, leave)
      this.#noteUnknown(to, startMs, status, name, arrive)
    }
  }

  async #timed(method: string, key: string, body: string | undefined, etag: string | undefined) {
    const startMs = performance.now()
    const { status } = await this.#send(method, key, body, { 'if-match': `"${etag}"` })
    return { startMs, status }
  }

  async #changeIfMatch(
    key: string,
    before: { value: Value },
    value: Value,
    { startMs, status }: { startMs: number; status: number },
  ): Promise<void> {
    const name = `${value === undefined ? 'delete' : `write ${short(value)}`} if ${short(before.value)}: ${status}`
    const apply = (state: Value) => state === before.value && { state: value }
    if (status === 200 || status === 204) this.#noteAnswer(key, startMs, name, apply)
    else if (status === 404) this.#noteAnswer(key, startMs, name, (state) => state === undefined && { state })
    else if (status === 412) {
      this.#noteAnswer(key, startMs, name, (state) => state !== undefined && state !== before.value && { state })
    } else this.#noteUnknown(key, startMs, status, name, apply)
  }

  #noteAnswer(key: string, startMs: number, name: string, apply: Operation['apply']): void {
    this.#note(key, { startMs, endMs: performance.now(), name: `${this.#name} ${name}`, apply })
  }

  /** For answers that ask to retry, and for no answer: the operation may have been done. */
  #noteUnknown(key: string, startMs: number, status: number, name: string, apply: Operation['apply']): void {
    this.#expectPatience(status, name)
    if (status === refused) return
    const endMs = performance.now() + noticedAfterMs
    this.#note(key, { startMs, endMs, name: `${this.#name} ${name} (${status})`, apply, isOptional: true })
  }

  #expectPatience(status: number, name: string): void {
    if (this.#options.areKilled && (status === lost || status === refused)) return
    if (status !== 503 && status !== 409) throw new Error(`${name} was answered ${status}`)
  }

  async #send(method: string, key: string, body?: string, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await this.#ask(method, key, body, headers)
    const { status } = answer
    this.#options.tell(status)
    if (status >= 500 && status !== 503) throw new Error(`${method} ${key} was answered ${status}: ${answer.body}`)
    if (status !== lost && status !== refused && status !== 503) return answer
    if (status === 503 && answer.retryAfter === undefined) throw new Error(`${method}: a 503 without Retry-After`)
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
    this.reconnect()
    return answer
  }

  #ask(method: string, key: string, body: string | undefined, headers: Record<string, string>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const path = `/${this.#options.bucket}/${key}`
      const credentials = { 'x-access-key': 'localadmin', 'x-secret-key': 'localadmin' }
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
      // Appended bytes are encrypted like the object, without a header.
      const isWhole = body !== undefined && headers['x-amz-write-offset-bytes'] === undefined
      const options = {
        port: this.#port,
        method,
        path,
        agent: this.#agent,
        timeout: answerMs,
        headers: { ...credentials, ...length, ...(isWhole && this.#options.writeHeaders), ...headers },
      }
      let isLate = false
      const fail = (error: Error) => {
        if (isLate) reject(new Error(`${method} ${key}: nothing came for ${answerMs / 1000} seconds`))
        else if (!this.#options.areKilled) reject(error)
        else resolve({ status: isRefused(error) ? refused : lost, etag: undefined, retryAfter: undefined, body: '' })
      }
      const sent = request(options, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', fail)
        response.on('end', () => {
          const { etag, 'retry-after': retryAfter } = response.headers
          const text = Buffer.concat(chunks).toString()
          resolve({ status: response.statusCode ?? 0, etag: etag?.replaceAll('"', ''), retryAfter, body: text })
        })
      })
      sent.on('timeout', () => {
        isLate = true
        sent.destroy()
      })
      sent.on('error', fail)
      sent.end(body)
    })
  }
}

/** Instead of a status. */
const lost = 0
const refused = -1
const isRefused = (error: Error) => 'code' in error && error.code === 'ECONNREFUSED'

const pick = (ports: readonly number[]) => ports[Math.floor(Math.random() * ports.length)] as number
const md5Of = (text: string) => createHash('md5').update(text).digest('hex')
const short = (value: Value) => (value === undefined ? 'nothing' : value.slice(0, value.indexOf(' ')))
