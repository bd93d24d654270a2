export function seek(to: readonly ['audio' | 'video', number]): Promise<number>
export function hasInk(): boolean
export function recordVideo(): Promise<string>
export function layoutShift(): Promise<number>

interface Sent {
  readonly status?: number
  readonly etag?: string | null
  readonly text?: string
  /** The name of what fetch threw. */
  readonly error?: string
}
export function send(request: {
  url: string
  method: string
  headers: Record<string, string>
  body: string | undefined
}): Promise<Sent>
export function sendForm(form: { url: string; fields: Record<string, string>; text: string }): Promise<Sent>
