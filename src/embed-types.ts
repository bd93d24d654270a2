/**
 * The types of the package `myfsio`, without imports: the build publishes this file as the package's declarations.
 */

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface User extends Credentials {
  /** Name of the IAM user; the access key id unless given. */
  readonly name?: string
  /** An IAM policy: what the user may do. Without one, the user may do nothing. */
  readonly policy?: object
}

export interface MyFSIOOptions {
  /** Data folder, as STORAGE_ROOT. Without it everything is kept in memory and forgotten at `close`. */
  readonly root?: string
  /** Folder to load: each folder in it becomes a bucket, each file below that an object. */
  readonly seed?: string
  /** Buckets to create. */
  readonly buckets?: readonly string[]
  /** IAM users beside the administrator. */
  readonly users?: readonly User[]
  /** Keys of the administrator; made up unless given. */
  readonly credentials?: Credentials
  /** Whether to start the web console too. */
  readonly console?: boolean
  /** Ports; chosen by the system unless given. */
  readonly port?: number
  readonly consolePort?: number
  /** Region of signatures and buckets; us-east-1 unless given. Any other region is accepted too, unless one is given. */
  readonly region?: string
  /** Further settings by their names, as `{ CORS_ORIGINS: 'https://app.example' }`. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface MyFSIO {
  /** As http://127.0.0.1:40123. Clients need path-style addressing, or `<bucket>.localhost`. */
  readonly endpoint: string
  readonly region: string
  /** Keys of the administrator. */
  readonly credentials: Credentials
  /** Address of the console, if it was asked for. */
  readonly consoleUrl: string | undefined
  /** Forgets all buckets, objects and IAM changes, and starts again as at first. Only for a server in memory. */
  reset(): Promise<void>
  /** Lets requests in flight finish, and stops. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts a server in this process. Several may run at once. */
export type StartMyFSIO = (options?: MyFSIOOptions) => Promise<MyFSIO>
