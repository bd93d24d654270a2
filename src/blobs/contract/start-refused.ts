/** The store cannot be opened as the settings have it. The message is for the administrator, and needs no stack. */
export class StartRefused extends Error {
  override readonly name = 'StartError'
}
