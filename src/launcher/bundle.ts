/**
 * TypeScript to JavaScript, with the packages that are plain JavaScript: reading a few large files starts a process in little more
 * than half the time that hundreds of small ones take. Code that only one role needs stays in files of its own.
 */
import { join } from 'node:path'
import { build, stop } from 'esbuild'

/** Native code. */
const external = ['lmdb', 'esbuild', '@node-rs/argon2']
/** For packages in CommonJS, which esbuild leaves with calls of `require`. */
const requireForPackages =
  "import { createRequire as $createRequire } from 'node:module'; const require = $createRequire(import.meta.url);"

export async function bundle(packageRoot: string, entries: Readonly<Record<string, string>>, outFolder: string) {
  try {
    await build({
      absWorkingDir: packageRoot,
      entryPoints: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(packageRoot, file)])),
      outdir: outFolder,
      bundle: true,
      splitting: true,
      platform: 'node',
      // The first form of a package that is written in modules, which can be taken apart.
      mainFields: ['module', 'main'],
      format: 'esm',
      target: 'node20',
      external,
      banner: { js: requireForPackages },
      legalComments: 'eof',
      keepNames: false,
      logLevel: 'error',
    })
  } finally {
    // Its service would stay, with a hundred MiB.
    await stop()
  }
}
