/** The works that are measured: how each prepares its objects and which requests it sends. */
import { createHash, randomBytes } from 'node:crypto'
import type { BenchOptions, WorkName } from '../options.ts'
import { ask, drive, type Endpoint, type Load, type LoadResult, sendAll } from './load.ts'
import { type Credentials, type RequestParts, Signer, type WireRequest } from './sign.ts'

export const bucket = 'bench'
const smallCount = 1000
const listedCount = 10_000
const largeCount = 1_000_000
const deletedCount = 1000
const MiB = 1024 * 1024
const small = randomBytes(4096)
const big = randomBytes(64 * MiB)
const bigMd5 = createHash('md5').update(big).digest('base64')

export interface Subject {
  readonly endpoint: Endpoint
  readonly credentials: Credentials
  /** The floor has no buckets, listings or uploads. */
  readonly isFloor: boolean
}

const warmUpSeconds = 2
/** Two workers still spend a quarter of their CPU time on compiling after six seconds of PUTs. */
const putWarmUpSeconds = 8

/** One column of the table. */
export interface Work {
  readonly title: string
  readonly name: WorkName
  readonly isOnFloor: boolean
  /** MiB moved by one operation, if throughput is more useful than operations. */
  readonly operationMiB?: number
  /** Until node has compiled the hot functions, also of the floor: before that the compiler is measured. */
  readonly warmUpSeconds: number
  prepare?(bench: Bench): Promise<void>
  /** Called before each measurement, for a work that consumes its input. It ends when the input is consumed. */
  refill?(bench: Bench): Promise<void>
  load(bench: Bench): Omit<Load, 'seconds'>
}

/** A subject with the means to send it signed requests. */
export class Bench {
  readonly options: BenchOptions
  readonly subject: Subject
  /** A separate name, if several write into one bucket. */
  name = ''
  #signer: Signer | undefined
  #freshCount = 0
  /** Prepared, and not sent yet. */
  readonly deletions: WireRequest[] = []

  constructor(options: BenchOptions, subject: Subject) {
    this.options = options
    this.subject = subject
  }

  /** Signatures are good for 15 minutes: each work starts with a new one. */
  renew(): void {
    this.#signer = undefined
  }

  sign(parts: RequestParts): WireRequest {
    const { host, port } = this.subject.endpoint
    this.#signer ??= new Signer(`${host}:${port}`, this.subject.credentials)
    return this.#signer.sign(parts)
  }

  object(method: string, key: string, body?: Buffer): WireRequest {
    return this.sign({ method, path: `/${bucket}/${key}`, ...(body ? { body, payloadHash: hashOf(body) } : {}) })
  }

  freshKey(): string {
    return `n/fresh-${this.name}${this.#freshCount++}`
  }

  run(work: Work, seconds: number): Promise<LoadResult> {
    return drive(this.subject.endpoint, { ...work.load(this), seconds })
  }

  async createBucket(name: string): Promise<void> {
    const { status, body } = await ask(this.subject.endpoint, this.sign({ method: 'PUT', path: `/${name}` }))
    if (status !== 200 && status !== 409) throw new Error(`Creating ${name} failed: ${status} ${body}`)
  }

  putAll(keys: Iterable<string>, body: Buffer, into = bucket): Promise<void> {
    const payloadHash = hashOf(body)
    const sign = (key: string) => this.sign({ method: 'PUT', path: `/${into}/${key}`, body, payloadHash })
    return sendAll(this.subject.endpoint, mapLazily(keys, sign))
  }
}

const hashes = new Map<Buffer, string>()
function hashOf(body: Buffer): string {
  const known = hashes.get(body) ?? createHash('sha256').update(body).digest('hex')
  hashes.set(body, known)
  return known
}

function* mapLazily<From, To>(items: Iterable<From>, change: (item: From) => To): Iterable<To> {
  for (const item of items) yield change(item)
}

function* keys(prefix: string, count: number): Iterable<string> {
  for (let i = 0; i < count; i++) yield `${prefix}${String(i).padStart(7, '0')}`
}

/** A fixed set of requests, sent round and round. */
function repeat(requests: readonly WireRequest[], connections: number): Omit<Load, 'seconds'> {
  let at = 0
  return { connections, next: () => requests[at++ % requests.length] }
}

/** New keys and overwrites alternate. Ends early if the server is faster than the signed requests suffice. */
function puts(bench: Bench): Omit<Load, 'seconds'> {
  const old = [...keys('n/small-', smallCount)].map((key) => bench.object('PUT', key, small))
  const freshCount = Math.ceil(bench.options.seconds * 8000)
  const fresh = Array.from({ length: freshCount }, () => bench.object('PUT', bench.freshKey(), small))
  let at = 0
  const next = () => {
    const turn = at++
    return turn % 2 === 0 ? fresh[turn / 2] : old[((turn - 1) / 2) % old.length]
  }
  return { connections: 16, next }
}

function lists(bench: Bench, from: string, count: number, delimiter?: string): Omit<Load, 'seconds'> {
  const pages = Array.from({ length: 50 }, (_, i) => {
    const after = Math.floor(((count - 1000) / 50) * i)
    const query = {
      'list-type': '2',
      'max-keys': '1000',
      prefix: 'l/',
      'start-after': `l/${String(after).padStart(7, '0')}`,
      ...(delimiter ? { delimiter } : {}),
    }
    return bench.sign({ method: 'GET', path: `/${from}`, query })
  })
  return repeat(pages, 4)
}

function listsOfVersions(bench: Bench): Omit<Load, 'seconds'> {
  const pages = Array.from({ length: 50 }, (_, i) => {
    const after = String(Math.floor(((listedCount - 1000) / 50) * i)).padStart(7, '0')
    const query = { versions: '', 'max-keys': '1000', prefix: 'l/', 'key-marker': `l/${after}` }
    return bench.sign({ method: 'GET', path: `/${bucket}`, query })
  })
  return repeat(pages, 4)
}

function put64(bench: Bench, connections: number): Omit<Load, 'seconds'> {
  const requests = Array.from({ length: 8 }, (_, i) =>
    bench.sign({
      method: 'PUT',
      path: `/${bucket}/n/big-${i}`,
      body: big,
      payloadHash: 'UNSIGNED-PAYLOAD',
      headers: { 'content-md5': bigMd5 },
    }),
  )
  return repeat(requests, connections)
}

/** Batches of 1,000 objects, and a request for each that deletes them. */
async function prepareDeletions(bench: Bench): Promise<void> {
  const batches = bench.options.isSmoke ? 1 : 5
  for (let batch = bench.deletions.length; batch < batches; batch++) {
    const names = Array.from({ length: deletedCount }, () => bench.freshKey())
    await bench.putAll(names, Buffer.from('x'))
    const objects = names.map((name) => `<Object><Key>${name}</Key></Object>`)
    const body = Buffer.from(`<Delete><Quiet>true</Quiet>${objects.join('')}</Delete>`)
    const headers = { 'content-md5': createHash('md5').update(body).digest('base64') }
    bench.deletions.push(bench.sign({ method: 'POST', path: `/${bucket}`, query: { delete: '' }, headers, body }))
  }
}

const prepareSmall = (bench: Bench) => bench.putAll(keys('n/small-', smallCount), small)
const prepareListed = (bench: Bench) => bench.putAll(keys('l/', listedCount), Buffer.from('x'))
const prepareBig = (bench: Bench) =>
  sendAll(bench.subject.endpoint, [put64(bench, 1).next() ?? bench.object('GET', '')])

async function prepareLarge(bench: Bench): Promise<void> {
  await bench.createBucket('bench-large')
  const all = keys('l/', largeCount)
  const iterator = all[Symbol.iterator]()
  // In slices, since a million PUTs may take longer than one signature is valid.
  for (let done = 0; done < largeCount; done += 50_000) {
    bench.renew()
    const slice = Array.from({ length: 50_000 }, () => iterator.next().value as string)
    await bench.putAll(slice, Buffer.from('x'), 'bench-large')
  }
  bench.renew()
}

const reads = (method: string) => (bench: Bench) =>
  repeat(
    [...keys('n/small-', smallCount)].map((key) => bench.object(method, key)),
    16,
  )

const smallWorks: readonly Work[] = [
  { title: 'GET 4 KiB', name: 'get', isOnFloor: true, prepare: prepareSmall, load: reads('GET'), warmUpSeconds },
  { title: 'HEAD', name: 'head', isOnFloor: true, prepare: prepareSmall, load: reads('HEAD'), warmUpSeconds },
  {
    title: 'PUT 4 KiB',
    name: 'put',
    isOnFloor: true,
    prepare: prepareSmall,
    load: puts,
    warmUpSeconds: putWarmUpSeconds,
  },
]

const listWorks: readonly Work[] = [
  {
    title: 'list 1,000 of 10,000',
    name: 'list',
    isOnFloor: false,
    warmUpSeconds,
    prepare: prepareListed,
    load: (bench) => lists(bench, bucket, listedCount),
  },
  {
    title: 'same, delimiter',
    name: 'list',
    isOnFloor: false,
    warmUpSeconds,
    load: (bench) => lists(bench, bucket, listedCount, '/'),
  },
]

const versionWorks: readonly Work[] = [
  {
    title: 'versions 1,000 of 10,000',
    name: 'versions',
    isOnFloor: false,
    warmUpSeconds,
    prepare: prepareListed,
    load: listsOfVersions,
  },
]

const deleteWorks: readonly Work[] = [
  {
    title: 'DeleteObjects of 1,000',
    name: 'delete',
    isOnFloor: true,
    warmUpSeconds,
    prepare: prepareDeletions,
    refill: prepareDeletions,
    load: (bench) => ({ connections: 1, next: () => bench.deletions.shift() }),
  },
]

const largeListWorks: readonly Work[] = [
  {
    title: 'list 1,000 of 1,000,000',
    name: 'list',
    isOnFloor: false,
    warmUpSeconds,
    prepare: prepareLarge,
    load: (bench) => lists(bench, 'bench-large', largeCount),
  },
  {
    title: 'same, delimiter, of 1,000,000',
    name: 'list',
    isOnFloor: false,
    warmUpSeconds,
    load: (bench) => lists(bench, 'bench-large', largeCount, '/'),
  },
]

function bigWorks(connections: number): readonly Work[] {
  const suffix = connections === 1 ? ', 1 conn.' : ''
  const common = { isOnFloor: true, operationMiB: 64, prepare: prepareBig, warmUpSeconds }
  const get = (bench: Bench) => repeat([bench.object('GET', 'n/big-0')], connections)
  return [
    { ...common, title: `GET 64 MiB${suffix}`, name: 'get64', load: get },
    { ...common, title: `PUT 64 MiB${suffix}`, name: 'put64', load: (bench) => put64(bench, connections) },
  ]
}

export function chooseWorks(options: BenchOptions): readonly Work[] {
  const lists = options.isLarge ? [...listWorks, ...largeListWorks] : listWorks
  const all = [...smallWorks, ...lists, ...versionWorks, ...deleteWorks, ...bigWorks(4), ...bigWorks(1)]
  return all.filter((work) => options.works.has(work.name))
}
