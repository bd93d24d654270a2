/** Messages between the launcher and its children. */
import type { NodePart } from '#app/nodes/open-nodes.ts'
import type { AppConfig } from '#config/config.ts'

export type Role = 'api' | 'console'

/** The answer to a child's hello. Secrets are sent in it, since other processes can read the environment. */
export interface StartMessage {
  readonly type: 'start'
  readonly role: Role
  readonly config: AppConfig
  readonly version: string
  readonly packageRoot: string
  /** One API process scans and watches the bucket folders, and creates what a first start needs. */
  readonly isPrimary: boolean
  /** The first user, created if there is none. */
  readonly bootstrap: { readonly accessKey: string; readonly secretKey: string }
  /** The child as a process of its node. */
  readonly node: NodePart
}

/** The first message of a child: it receives messages from now on. */
export interface HelloMessage {
  readonly type: 'hello'
}

/** `port` is undefined if the launcher accepts the connections. */
export interface ReadyMessage {
  readonly type: 'ready'
  readonly port: number | undefined
}

/**
 * Sent with a connection that the launcher has accepted. The child answers with a TakenMessage, and then gets the next
 * one.
 */
export interface ConnectionMessage {
  readonly type: 'connection'
}

export interface TakenMessage {
  readonly type: 'taken'
}

/** Sent at intervals: a child whose event loop is blocked does not answer. */
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

/**
 * Exit status of a child whose process id is used by another server, in another PID namespace. Its successor gets
 * another id.
 */
export const processIdTakenStatus = 75

/** A problem that the user can solve, printed as a sentence without a stack. */
export class StartError extends Error {}

/** Names, since importing the classes would load the engines. */
const namesOfPlain: readonly string[] = ['StartError', 'IndexUnreadable', 'NodeRefused']

/** An error whose message is for the user, without a stack. */
export const isPlainError = (error: unknown): error is Error =>
  error instanceof Error && (error instanceof StartError || namesOfPlain.includes(error.name))

/** Less than the 10 seconds after which Docker kills a container. */
export const drainTimeoutMs = 8_000
