/** Why a client could not be looked at or set up: for the person who runs the command, never a reason to stop at the other clients. */
export class SetupProblem extends Error {
  override readonly name = 'SetupProblem';

  /** @param path the file or folder that it is about; with `:line:column` where the place is known. */
  constructor(
    readonly path: string,
    message: string,
    cause?: unknown,
  ) {
    super(`${path}: ${message}`, cause === undefined ? undefined : { cause });
  }
}
