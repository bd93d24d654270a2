import type { Request } from 'express'

export function wantsJson(request: Request): boolean {
  return /^application\/json\b/.test(request.headers.accept ?? '')
}
