/** The thread of a digest lane. It imports no package, so that it starts fast. */
import { parentPort } from 'node:worker_threads'
import { type PlainDigestName, type RunningDigest, startPlainDigest } from './plain-digest.ts'

/** Answered in order, except `open` and `drop`. */
export type LaneMessage =
  | { readonly id: number; readonly open: readonly PlainDigestName[] }
  | { readonly id: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly id: number; readonly finish: true }
  | { readonly id: number; readonly drop: true }

export interface LaneAnswer {
  readonly id: number
  /** The bytes that were hashed. */
  readonly bytes?: Uint8Array<ArrayBuffer>
  /** After `finish`. */
  readonly digests?: [PlainDigestName, Uint8Array][]
}

const streams = new Map<number, Map<PlainDigestName, RunningDigest>>()

function receive(message: LaneMessage): void {
  const { id } = message
  if ('open' in message) {
    streams.set(id, new Map(message.open.map((name) => [name, startPlainDigest(name)])))
  } else if ('bytes' in message) {
    const { bytes } = message
    for (const running of streams.get(id)?.values() ?? []) running.update(bytes)
    answer({ id, bytes }, [bytes.buffer])
  } else if ('finish' in message) {
    const digests = Array.from(streams.get(id) ?? [], ([name, running]): [PlainDigestName, Uint8Array] => [
      name,
      Uint8Array.from(running.digest()),
    ])
    streams.delete(id)
    answer({ id, digests }, [])
  } else {
    streams.delete(id)
  }
}

function answer(message: LaneAnswer, transfer: ArrayBuffer[]): void {
  parentPort?.postMessage(message, transfer)
}

parentPort?.on('message', receive)
