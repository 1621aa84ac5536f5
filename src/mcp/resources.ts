/**
 * Lists the resources and answers for them. Clients list them at their start, which must cost nothing; what reads them is
 * loaded when one is first asked for.
 */
import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import {
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ReadResourceRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { toProtocolError } from './protocol-error.js';
import type { Source } from './resources/reader.js';
import type { Subscriptions } from './resources/subscriptions.js';
import type { Settlement } from './stdio.js';

const mimeType = 'application/json';

const RESOURCES = [
  {
    uri: 'dispatch://inbox',
    name: 'inbox',
    title: 'Your mail, as headers',
    description:
      'What waits for you and what you read and never acknowledged: id, from, age, priority, thread, bytes. Looking marks nothing as read; the messages themselves are read with the tool peek.',
    mimeType,
  },
  {
    uri: 'dispatch://agents',
    name: 'agents',
    title: 'The agents of this relay',
    description:
      'Every agent that can be written to: how many live sessions it has, whether anybody listens, how much waits for it.',
    mimeType,
  },
];

const TEMPLATES = [
  {
    uriTemplate: 'dispatch://thread/{id}',
    name: 'thread',
    title: 'Your mail of one thread, as headers',
    description: 'As dispatch://inbox, for the messages of the thread with this percent-encoded id.',
    mimeType,
  },
];

/** What the server tells the resources. */
export interface ResourceHints {
  /** The settlement of a reply, after which the resources may have changed. */
  readonly after: (settlement: Settlement) => Settlement;
}

/** Answers the `resources/` requests; the server must have declared `resources` with `subscribe`. */
export function registerResources(
  server: Server,
  source: Source & { readonly log: (text: string) => void },
): ResourceHints {
  const { log } = source;
  let subscriptions: Subscriptions | undefined;

  server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources: RESOURCES }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: TEMPLATES }));

  server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }) =>
    answer(log, async () => {
      const { parseResourceUri } = await import('./resources/uri.js');
      const { readText } = await import('./resources/reader.js');
      return { contents: [{ uri, mimeType, text: await readText(source, parseResourceUri(uri)) }] };
    }),
  );

  server.setRequestHandler(SubscribeRequestSchema, ({ params: { uri } }) =>
    answer(log, async () => {
      const { parseResourceUri } = await import('./resources/uri.js');
      const resource = parseResourceUri(uri);
      const { Subscriptions } = await import('./resources/subscriptions.js');
      const { agentOf, fingerprint } = await import('./resources/reader.js');
      subscriptions ??= new Subscriptions({
        clock: source.relay.clock,
        fingerprint: (one) => fingerprint(source, one),
        updated: (changed) => {
          // Fails when the connection is over, and then nobody wants to know.
          server.sendResourceUpdated({ uri: changed }).catch(() => {});
        },
        log,
      });
      // A session leaves no trace by being asked what arrives.
      if (resource.kind === 'agents') await subscriptions.add(uri, resource);
      else {
        await agentOf(source.identity);
        await subscriptions.add(uri, resource, (await source.identity.session()).arrivals);
      }
      return {};
    }),
  );

  server.setRequestHandler(UnsubscribeRequestSchema, ({ params: { uri } }) => {
    subscriptions?.remove(uri);
    return {};
  });

  return {
    after: (settlement) => ({
      written: () => settlement.written().finally(() => subscriptions?.hint()),
      dropped: () => settlement.dropped().finally(() => subscriptions?.hint()),
    }),
  };
}

async function answer<T>(log: (text: string) => void, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    throw toProtocolError(error, log);
  }
}
