/** Agents behind clients of the facade in this process, and the jobs that they give each other. */
import { RelayClient, type ToolAnswer, type ToolJson } from './relay-client.js';
import type { RelayWorld } from './relay-world.js';

export class JobDesk {
  readonly #clients: RelayClient[] = [];

  constructor(readonly world: RelayWorld) {}

  async client(agent: string, options: ConstructorParameters<typeof RelayClient>[2] = {}): Promise<RelayClient> {
    const made = new RelayClient(this.world, agent, options);
    this.#clients.push(made);
    await made.connect();
    return made;
  }

  /** ISO 8601 of the time that many seconds from now. */
  isoIn(seconds: number): string {
    return new Date(this.world.clock.now() + seconds * 1000).toISOString();
  }

  async close(): Promise<void> {
    for (const each of this.#clients) await each.close();
    await this.world.close();
  }
}

/** Of a call that must succeed. */
export async function answer(who: RelayClient, tool: string, args: object = {}): Promise<ToolJson> {
  return succeeded(tool, await who.call(tool, args));
}

export function succeeded(tool: string, { isError, text, json }: ToolAnswer): ToolJson {
  if (isError) throw new Error(`${tool} was refused: ${text}`);
  return json;
}

/** Of a call that must fail. */
export async function refusal(who: RelayClient, tool: string, args: object = {}): Promise<string> {
  const { isError, text } = await who.call(tool, args);
  if (!isError) throw new Error(`${tool} was not refused: ${text}`);
  return text;
}

/** Submits, and gives the id. */
export async function submitted(who: RelayClient, args: object = {}): Promise<string> {
  return (await answer(who, 'submit', { to: 'bob', task: { prompt: 'Do it.' }, ...args })).job_id;
}

/** Claims the job, and gives the token. */
export async function claimed(who: RelayClient, job_id: string): Promise<string> {
  return (await answer(who, 'claim', { job_id })).token;
}
