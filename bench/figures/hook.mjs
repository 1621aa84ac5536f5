/**
 * A hook that finds nothing new, for which a model waits at each of its steps: ours, from its start to its end, and what is
 * left of it without the start of Node. It finds its session among those of ten agents, each with a server that runs.
 */
import { spawnSync } from 'node:child_process';
import { Client } from '../client.mjs';

const ROUNDS = 40;
const AGENTS = 10;

export const hook = {
  name: 'hook',
  async run({ servers, freshFolder }) {
    const relay = freshFolder();
    const clients = [];
    try {
      for (let index = 0; index < AGENTS; index++) {
        const client = new Client(servers.oursPlain({ relay, agent: `agent-${index}` }));
        clients.push(client);
        await client.initialize();
        await client.call('who');
      }
      const ours = servers.command({ relay, agent: 'agent-0', args: ['hook', 'claude-code', 'PostToolBatch'] });
      const floor = { ...ours, args: ['-e', '0'] };
      // What finds nobody is silent too, and sooner: first it has to find something.
      const { id } = await clients[1].call('dispatch', { target: 'agent-0', message: 'hello' });
      if (!run(ours).includes(id)) throw new Error('the hook did not announce the message');
      await clients[0].call('ack', { message_ids: [id] });
      const samples = { ours: [], floor: [], beside: [] };
      for (let round = -1; round < ROUNDS; round++) {
        const node = timedRun(floor);
        const whole = timedRun(ours);
        if (round < 0) continue;
        samples.floor.push(node);
        samples.ours.push(whole);
        samples.beside.push(whole - node);
      }
      return [
        { title: 'hook that finds nothing', floorIs: 'node -e 0', ours: samples.ours, floor: samples.floor },
        { title: 'same, beside the start of Node', ours: samples.beside, bound: 60 },
      ];
    } finally {
      for (const client of clients) await client.close();
    }
  },
};

/** Milliseconds from the start of a process that says nothing to its end. */
function timedRun(command) {
  const start = performance.now();
  const said = run(command);
  const ms = performance.now() - start;
  if (said !== '') throw new Error(`${command.args.join(' ')} said ${said}`);
  return ms;
}

function run({ command, args, env, cwd }) {
  const input = '{"session_id":"bench","hook_event_name":"PostToolBatch"}';
  const { status, stdout, stderr } = spawnSync(command, args, { env, cwd, input, encoding: 'utf8' });
  if (status !== 0 || stderr !== '') throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}
