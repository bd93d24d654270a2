/** What the launcher and its children tell each other, over the channel between them. */
import type { NodePart } from '#app/nodes/open-nodes.ts'
import type { AppConfig } from '#config/config.ts'

export type Role = 'api' | 'console'

/** The answer to a child's hello. Secrets go this way and not through the environment, which is for all to see. */
export interface StartMessage {
  readonly type: 'start'
  readonly role: Role
  readonly config: AppConfig
  readonly version: string
  readonly packageRoot: string
  /** One API process scans, watches and makes what must be there at first. */
  readonly isPrimary: boolean
  /** The first user, should there be none. */
  readonly bootstrap: { readonly accessKey: string; readonly secretKey: string }
  /** The child as a process of its node. */
  readonly node: NodePart
}

/** The first message of a child, that it listens: what reaches it earlier is lost. */
export interface HelloMessage {
  readonly type: 'hello'
}

/** The port is missing where the launcher accepts the connections. */
export interface ReadyMessage {
  readonly type: 'ready'
  readonly port: number | undefined
}

/** Comes with a connection that the launcher has accepted. The answer is a TakenMessage, and then the next one comes. */
export interface ConnectionMessage {
  readonly type: 'connection'
}

export interface TakenMessage {
  readonly type: 'taken'
}

/** Asked now and then, to know that the child's event loop still turns. */
export interface PingMessage {
  readonly type: 'ping'
}

export interface PongMessage {
  readonly type: 'pong'
}

export type ChildMessage = HelloMessage | ReadyMessage | TakenMessage | PongMessage

export function isStartMessage(message: unknown): message is StartMessage {
  return hasType(message, 'start')
}

export function isHelloMessage(message: unknown): message is HelloMessage {
  return hasType(message, 'hello')
}

export function isReadyMessage(message: unknown): message is ReadyMessage {
  return hasType(message, 'ready')
}

export function isConnectionMessage(message: unknown): message is ConnectionMessage {
  return hasType(message, 'connection')
}

export function isTakenMessage(message: unknown): message is TakenMessage {
  return hasType(message, 'taken')
}

export function isPingMessage(message: unknown): message is PingMessage {
  return hasType(message, 'ping')
}

export function isPongMessage(message: unknown): message is PongMessage {
  return hasType(message, 'pong')
}

function hasType(message: unknown, type: string): boolean {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === type
}

/** A child ends with it whose process id another server's process has, in another namespace: the next one gets another. */
export const processIdTakenStatus = 75

/** A mistake of the user's, told in a sentence and without a stack. */
export class StartError extends Error {}

/** Less than the ten seconds after which containers are killed. */
export const drainTimeoutMs = 8_000
