/**
 * Bundles TypeScript and the packages that are plain JavaScript: a process starts from a few large files in little more
 * than half the time that hundreds of small ones take. Code that only one role needs stays in separate files.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'

const require = createRequire(import.meta.url)

/** Native code, which must be installed. */
const external = ['lmdb', '@node-rs/argon2']
/** For packages in CommonJS, which esbuild leaves with calls of `require`. */
const requireForPackages =
  "import { createRequire as $createRequire } from 'node:module'; const require = $createRequire(import.meta.url);"

/** Returns which inputs went into each file. */
export function bundle(packageRoot: string, entries: Readonly<Record<string, string>>, outFolder: string): Metafile {
  // Installed in a checkout only.
  const { buildSync } = require('esbuild') as typeof import('esbuild')
  const { metafile } = buildSync({
    absWorkingDir: packageRoot,
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(packageRoot, file)])),
    outdir: outFolder,
    bundle: true,
    splitting: true,
    platform: 'node',
    // The ES module form of a package is first, since unused code can be removed from it.
    mainFields: ['module', 'main'],
    format: 'esm',
    target: 'node20',
    external,
    banner: { js: requireForPackages },
    legalComments: 'eof',
    keepNames: false,
    logLevel: 'error',
    metafile: true,
  })
  return metafile
}

/** A program of one file for `require`. */
export function bundleCommonJs(packageRoot: string, entry: string, outFile: string): void {
  const { buildSync } = require('esbuild') as typeof import('esbuild')
  buildSync({
    absWorkingDir: packageRoot,
    entryPoints: [join(packageRoot, entry)],
    outfile: outFile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    logLevel: 'error',
  })
}
