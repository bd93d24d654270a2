/** A node may not serve an index, or a command may not use it. The message is a sentence for the administrator. */
export class NodeRefused extends Error {
  /** The message is shown without a stack. */
  readonly code = 'NODE_REFUSED'

  constructor(sentence: string) {
    super(sentence)
    this.name = 'NodeRefused'
  }
}
