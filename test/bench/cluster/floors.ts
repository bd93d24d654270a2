/** The floor of the nodes: this process uses the database and the S3 store directly. */
import { randomBytes, randomUUID } from 'node:crypto'
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { Connection } from '#metadata/postgres/connections/connection.ts'
import type { Cluster } from '../../cluster/cluster.ts'

/** Operations a second, for so many seconds. */
export type Measure = (seconds: number) => Promise<number>

export interface Floors {
  /** One row of 4 KiB in its own commit. */
  readonly insert: Measure
  /** The value of one of 1,000 such rows by its primary key. */
  readonly select: Measure
  readonly put64: Measure
  readonly get64: Measure
  close(): Promise<void>
}

const smallCount = 1000
const small = randomBytes(4096)
const big = randomBytes(64 * 1024 * 1024)

/** `connections`: to the database, and to the S3 store. Each sends one request at a time. */
export async function openFloors(
  { postgres, upstream }: Cluster,
  connections: { readonly database: number; readonly store: number },
): Promise<Floors> {
  const table = `floor_${randomUUID().replaceAll('-', '')}`
  await postgres.query(`CREATE TABLE ${table} (key text PRIMARY KEY, value bytea NOT NULL)`)
  await postgres.query(`ALTER TABLE ${table} ALTER COLUMN value SET STORAGE EXTERNAL`)
  const opened = await Promise.all(
    Array.from({ length: connections.database }, () => Connection.open(postgres.address())),
  )
  const insert = (connection: Connection, key: string) =>
    connection.query({
      name: 'floor-insert',
      text: `INSERT INTO ${table} (key, value) VALUES ($1, $2)`,
      values: [key, small],
    })
  for (let at = 0; at < smallCount; at++) await insert(opened[0] as Connection, `small-${at}`)
  let count = 0
  const select = (connection: Connection) =>
    connection.query({
      name: 'floor-select',
      text: `SELECT value FROM ${table} WHERE key = $1`,
      values: [`small-${count++ % smallCount}`],
    })
  const { client, settings } = upstream
  const streams = Array.from({ length: connections.store }, () => client)
  const object = { Bucket: settings.bucket, Key: 'floor/0' }
  await client.send(new PutObjectCommand({ ...object, Body: big }))
  return {
    insert: repeated(opened, (connection) => insert(connection, `fresh-${randomUUID()}`)),
    select: repeated(opened, select),
    put64: repeated(streams, () =>
      client.send(new PutObjectCommand({ ...object, Key: `floor/${count++ % streams.length}`, Body: big })),
    ),
    get64: repeated(streams, () => drain(client, object)),
    async close() {
      await Promise.all(opened.map((connection) => connection.close()))
      await postgres.query(`DROP TABLE ${table}`)
    },
  }
}

async function drain(client: S3Client, object: { Bucket: string; Key: string }): Promise<void> {
  const { Body } = await client.send(new GetObjectCommand(object))
  for await (const _ of Body as AsyncIterable<Uint8Array>);
}

function repeated<T>(over: readonly T[], once: (one: T) => Promise<unknown>): Measure {
  return async (seconds) => {
    const startMs = performance.now()
    const endMs = startMs + seconds * 1000
    let done = 0
    const repeat = async (one: T) => {
      while (performance.now() < endMs) {
        await once(one)
        done++
      }
    }
    await Promise.all(over.map(repeat))
    return (done / (performance.now() - startMs)) * 1000
  }
}
