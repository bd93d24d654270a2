export interface Statement {
  /** Each connection prepares the statement once under this name. Without a name, it is not prepared. */
  readonly name?: string
  readonly text: string
  readonly values?: readonly unknown[]
}
