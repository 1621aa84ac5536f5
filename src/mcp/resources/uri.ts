/** Which resource a URI names. */
import { quoteName } from '../../model/agent-id.js';
import { threadId } from '../../model/draft.js';
import { ProtocolError, RESOURCE_NOT_FOUND } from '../protocol-error.js';

export type Resource =
  | { readonly kind: 'inbox' }
  | { readonly kind: 'agents' }
  | { readonly kind: 'thread'; readonly thread: string };

// A thread id has at most 128 characters, each up to four bytes of UTF-8, each byte three characters when encoded.
const MAX_URI = 2048;

const THREAD = /^dispatch:\/\/thread\/([^/?#]+)$/;

/**
 * The resource of `uri`. The thread's id is percent-decoded, and judged as one that a tool is given.
 * @throws ProtocolError `-32002` for every URI that names none, saying why and which there are.
 */
export function parseResourceUri(uri: string): Resource {
  if (uri === 'dispatch://inbox') return { kind: 'inbox' };
  if (uri === 'dispatch://agents') return { kind: 'agents' };
  const [, encoded] = uri.length > MAX_URI ? [] : (THREAD.exec(uri) ?? []);
  if (encoded === undefined) throw notFound(uri);
  const decoded = decode(encoded);
  if (decoded === undefined) throw notFound(uri, 'its thread id is not percent-encoded UTF-8');
  const { data, error } = threadId().safeParse(decoded);
  if (data === undefined) throw notFound(uri, `its thread id ${error?.issues[0]?.message}`);
  return { kind: 'thread', thread: data };
}

function decode(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

function notFound(uri: string, why?: string): ProtocolError {
  return new ProtocolError(
    RESOURCE_NOT_FOUND,
    `There is no resource ${quoteName(uri)}${why === undefined ? '' : `: ${why}`}. The resources: dispatch://inbox, dispatch://agents, and dispatch://thread/{id} with the percent-encoded id of a thread.`,
    { uri: uri.slice(0, MAX_URI) },
  );
}
