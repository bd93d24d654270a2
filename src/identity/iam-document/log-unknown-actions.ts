/** Logs policies with actions that do not exist, once for each policy. */
import { DocumentProblem } from '#documents/json-source.ts'
import type { IdentityDocument } from '#identity/entities/account.ts'
import type { PolicyText } from '#identity/entities/entity.ts'
import { policiesIn } from './mistakes.ts'
import { parsed } from './policy-text.ts'
import { unknownActionsIn, warningAbout } from './unknown-actions.ts'

export interface WarningLog {
  warn(fields: object, message: string): void
}

export class UnknownActionLog {
  readonly #log: WarningLog
  /** A policy keeps its object between two states of the document. */
  readonly #seen = new WeakSet<PolicyText>()

  constructor(log: WarningLog) {
    this.#log = log
  }

  check({ accounts }: IdentityDocument): void {
    for (const [at, account] of accounts.entries()) {
      for (const { path, text, kind } of policiesIn(['accounts', at], account)) {
        if (kind !== 'identity' || this.#seen.has(text)) continue
        this.#seen.add(text)
        for (const { action } of unknownActionsIn(parsed(text, kind))) {
          this.#log.warn({ at: new DocumentProblem('', path).path, action }, warningAbout(action))
        }
      }
    }
  }
}
