/**
 * Who may act as `human`. Agents trust that mail from the human comes from the person at the machine, so a script or an
 * agent's shell must not send it by accident. A courtesy among honest programs, no defence against others.
 */
import { DispatchError } from '../model/errors.js';

const AGENT_VARIABLE = /^(CLAUDECODE|GEMINI_CLI|CODEX_.*)$/;

/**
 * @param instead what a script or an agent should do, as a sentence.
 * @throws DispatchError `NOT_ALLOWED` without a terminal, and inside an agent's shell.
 */
export function assertHuman(env: NodeJS.ProcessEnv, stdinIsTTY: boolean, instead: string): void {
  const variable = Object.keys(env).find((name) => AGENT_VARIABLE.test(name) && env[name] !== undefined);
  if (variable !== undefined) {
    throw new DispatchError(
      'NOT_ALLOWED',
      `Only a person acts as "human", and this is an agent's shell: ${variable} is set. ${instead}`,
    );
  }
  if (!stdinIsTTY) {
    throw new DispatchError(
      'NOT_ALLOWED',
      `Only a person at a terminal acts as "human", and stdin is not a terminal. ${instead}`,
    );
  }
}
