/**
 * The types of the package `myfsio`, without imports: the build publishes this file as the package's declarations.
 */

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface User extends Credentials {
  /** Name of the IAM user; by default the access key id. */
  readonly name?: string
  /** An IAM policy for the user. Without one, the user may do nothing. */
  readonly policy?: object
}

export interface MyFSIOOptions {
  /** Data folder, as STORAGE_ROOT. Without it everything is kept in memory until `close`. */
  readonly root?: string
  /** Folder to load: each folder in it becomes a bucket, each file below that an object. */
  readonly seed?: string
  /** Buckets to create. */
  readonly buckets?: readonly string[]
  /** IAM users beside the administrator. */
  readonly users?: readonly User[]
  /** Keys of the administrator; by default random. */
  readonly credentials?: Credentials
  /** Whether to start the web console too. */
  readonly console?: boolean
  /** Ports; by default free ones. */
  readonly port?: number
  readonly consolePort?: number
  /** Region of signatures and buckets. If it is not given, the region is us-east-1 and any other is accepted too. */
  readonly region?: string
  /** Further settings by name, such as `{ CORS_ORIGINS: 'https://app.example' }`. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface MyFSIO {
  /** For example http://127.0.0.1:40123. Clients need path-style addressing, or `<bucket>.localhost`. */
  readonly endpoint: string
  readonly region: string
  /** Keys of the administrator. */
  readonly credentials: Credentials
  /** Address of the console, if `console` is true. */
  readonly consoleUrl: string | undefined
  /** Deletes all buckets, objects and IAM changes, and loads the options again. Only for a server in memory. */
  reset(): Promise<void>
  /** Lets requests in progress finish, and stops. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts a server in this process. Several servers can run at once. */
export type StartMyFSIO = (options?: MyFSIOOptions) => Promise<MyFSIO>
