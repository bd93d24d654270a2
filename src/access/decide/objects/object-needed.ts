import { ApiError } from '#model/errors.ts'

/**
 * A condition asks for the tags of the object, which is not loaded. Callers that can load the version do so and ask
 * again. For all others it is a refusal.
 */
export class ObjectNeeded extends ApiError {
  constructor() {
    super('AccessDenied')
  }
}
