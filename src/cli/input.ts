/** Text from stdin, for a command whose argument is "-". */
import { DispatchError } from '../model/errors.js';
import type { Terminal } from './terminal.js';

/**
 * What stdin holds, without the line feed that ends a file's last line.
 * @param done what did not happen when this fails: "sent", "made".
 * @throws DispatchError `MESSAGE_TOO_LARGE`, `INVALID_ARGUMENT` for what is not UTF-8.
 */
export async function textFromInput(terminal: Terminal, maxBytes: number, done: string): Promise<string> {
  const bytes = await terminal.readInput(maxBytes + 1);
  if (bytes.length > maxBytes + 1) {
    const why = `stdin holds more than the ${maxBytes} bytes that a message may have. Shorten it, or send the path of a file. Nothing was ${done}.`;
    throw new DispatchError('MESSAGE_TOO_LARGE', why, { maxBytes });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch (error) {
    throw new DispatchError('INVALID_ARGUMENT', `stdin is not text in UTF-8. Nothing was ${done}.`, {}, error);
  }
}
