/** The store cannot be opened with these settings. The message is for the administrator and needs no stack. */
export class StartRefused extends Error {
  override readonly name = 'StartError'
}
