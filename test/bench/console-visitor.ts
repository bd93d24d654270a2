/** A visitor of the console who signs in, and asks as a browser's scripts do. */
export interface ConsoleVisitor {
  /** The page's text, and how long it took to arrive whole. */
  page(path: string): Promise<{ html: string; elapsedMs: number }>
  send(method: string, path: string, body: string | Uint8Array | undefined, type?: string): Promise<Response>
}

export async function signIn(url: URL, name: string, secret: string): Promise<ConsoleVisitor> {
  const cookies = new Map<string, string>()
  let token = ''
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
    const headers = { ...init.headers, cookie }
    const answer = await fetch(new URL(path, url), { redirect: 'manual', ...init, headers })
    for (const line of answer.headers.getSetCookie()) {
      const [, key = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(key, value)
    }
    return answer
  }
  const page: ConsoleVisitor['page'] = async (path) => {
    const start = performance.now()
    const answer = await ask(path)
    const html = await answer.text()
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
    token = /name="csrf" (?:content|value)="([^"]+)"/.exec(html)?.[1] ?? token
    return { html, elapsedMs: performance.now() - start }
  }
  await page('/ui/sign-in')
  const form = new URLSearchParams({ csrf: token, name, secret })
  const signedIn = await ask('/ui/sign-in', { method: 'POST', body: form })
  if (signedIn.status !== 303) throw new Error(`Signing in answered ${signedIn.status}`)
  await page('/ui')
  return {
    page,
    async send(method, path, body, type = 'application/octet-stream') {
      const headers = { 'x-csrf-token': token, accept: 'application/json', 'content-type': type }
      const answer = await ask(path, { method, headers, ...(body === undefined ? {} : { body }) })
      if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status} ${await answer.text()}`)
      return answer
    },
  }
}
