/** The environment of this process and of its children. */

/**
 * Variables that all child processes inherit: enough threads for the disk, an Express that caches templates, and a
 * glibc without an arena for each thread: with arenas it does not return freed memory to the system after each piece of
 * a body (mallopt(3)).
 */
export function prepareChildEnvironment(): void {
  process.env.UV_THREADPOOL_SIZE ??= '16'
  process.env.NODE_ENV ??= 'production'
  process.env.MALLOC_ARENA_MAX ??= '2'
  process.env.MALLOC_TRIM_THRESHOLD_ ??= String(32 * 1024 * 1024)
}

/**
 * The environment of one child. API workers have a number, as in node:cluster. Scripts and monitors use it to
 * distinguish them from the console.
 */
export function childEnvironment(worker: number | undefined): NodeJS.ProcessEnv {
  return worker === undefined ? process.env : { ...process.env, NODE_UNIQUE_ID: String(worker) }
}

/**
 * For this process and its children: the AWS SDK says at each start on Node 20 that its later releases need another
 * Node. The release that is installed works.
 */
export function silenceSdkNotice(): void {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
}

/** https://no-color.org */
export function isColorUnwanted(): boolean {
  return Boolean(process.env.NO_COLOR)
}
