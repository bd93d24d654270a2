/** Why a node may not serve an index: a sentence for the one who starts it. */
export class NodeRefused extends Error {
  /** Told without a stack. */
  readonly code = 'NODE_REFUSED'

  constructor(sentence: string) {
    super(sentence)
    this.name = 'NodeRefused'
  }
}
