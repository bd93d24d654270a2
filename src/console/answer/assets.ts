/** Files for browsers: those of public/, and a few of npm packages. None comes from another server. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import compression from 'compression'
import express, { type IRouter, type Request, type Response } from 'express'
import { findNpmFile } from './npm-files.ts'

const forever = { maxAge: '1y', immutable: true } as const

export function installAssets(app: IRouter, packageRoot: string): void {
  // Their URLs change with their content.
  app.use('/ui/assets/:version', compression())
  app.use(
    '/ui/assets/:version',
    express.static(join(packageRoot, 'public'), { index: false, redirect: false, ...forever }),
  )
  app.get('/ui/assets/:version/npm/:name', (request: Request, response: Response, next: () => void) => {
    const file = findNpmFile(packageRoot, String(request.params.name))
    if (file === undefined) next()
    else response.sendFile(file, forever)
  })
}

/** All files share one version, since modules import each other without one. */
export function assetAddresses(packageRoot: string): (name: string) => string {
  const hash = createHash('sha256')
  const folder = join(packageRoot, 'public')
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (/\.(css|js|svg)$/.test(name)) hash.update(readFileSync(join(folder, name)))
  }
  const version = hash
    .update(readFileSync(join(packageRoot, 'package.json')))
    .digest('hex')
    .slice(0, 10)
  return (name) => `/ui/assets/${version}/${name}`
}
