/** Sends a page's answer. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Request, Response } from 'express'
import type { Answer, View } from '#console/page.ts'
import { type Notice, saveSession, type VisitSession } from '#console/session/session.ts'
import { isForDialog } from './render.ts'

const compress = promisify(gzip)
const smallestCompressed = 1400

export interface Sending {
  readonly render: (view: View, notice: Notice | undefined) => Promise<string>
  readonly session: VisitSession | undefined
}

export async function sendAnswer(
  answer: Answer,
  request: Request,
  response: Response,
  { render, session }: Sending,
): Promise<void> {
  if ('redirect' in answer) {
    if (answer.notice !== undefined && session !== undefined) {
      session.notice = answer.notice
      await saveSession(session)
    }
    if (answer.cookie !== undefined) response.append('set-cookie', answer.cookie)
    // If the script followed the redirect, it would use up the notice before the visitor sees the page.
    if (isForDialog(request)) response.set('x-redirect', answer.redirect).status(204).end()
    else response.redirect(303, answer.redirect)
  } else if ('json' in answer) {
    response
      .status(answer.status ?? 200)
      .set('cache-control', 'no-store')
      .json(answer.json)
  } else if ('content' in answer) {
    await sendContent(answer, request, response)
  } else {
    const notice = answer.isFragment || isForDialog(request) ? undefined : session?.notice
    const html = await render(answer, notice)
    if (notice !== undefined && session !== undefined) {
      delete session.notice
      await saveSession(session)
    }
    response
      .status(answer.status ?? 200)
      .set('cache-control', 'no-store')
      .type('html')
    await sendCompressed(html, request, response)
  }
}

/** Done by hand, since a compression middleware would also be between objects' bytes and the connection. */
async function sendCompressed(html: string, request: Request, response: Response): Promise<void> {
  const mayCompress = html.length > smallestCompressed && /\bgzip\b/.test(String(request.headers['accept-encoding']))
  response.set('vary', 'accept-encoding')
  if (mayCompress) response.set('content-encoding', 'gzip').send(await compress(html))
  else response.send(html)
}

async function sendContent(
  { content, status, headers }: Extract<Answer, { content: unknown }>,
  request: Request,
  response: Response,
): Promise<void> {
  try {
    const setHead = () => void response.status(status ?? 200).set(headers)
    if (request.method !== 'HEAD' && !Buffer.isBuffer(content) && !(content instanceof Readable)) {
      await content.send(response, setHead)
      response.end()
      return
    }
    setHead()
    if (request.method === 'HEAD') response.end()
    else if (content instanceof Readable) await pipeline(content, response)
    else response.end(content)
  } finally {
    if (content instanceof Readable) content.destroy()
    else if (!Buffer.isBuffer(content)) content.close()
  }
}
