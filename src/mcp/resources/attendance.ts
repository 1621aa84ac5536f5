/** Who is there, in words of ours: what sessions say of themselves (client, folder, role) is for the tool `who`. */
import type { Relay } from '../../relay/relay.js';
import type { Attendance } from '../../relay/roll-call.js';
import type { Reply } from '../reply.js';

/** Puts in every agent that `who` lists, live ones first, as far as there is room. */
export async function attendanceOf(relay: Relay, agent: string | undefined, reply: Reply): Promise<void> {
  const attendance = await relay.rollCall.take();
  reply.set('self', agent);
  const agents = reply.list('agents');
  for (const one of attendance) {
    const entry = show(one);
    if (!agents.has(entry)) break;
    agents.add(entry);
  }
  if (agents.length === 0) reply.setAlways('agents', []);
  if (agents.length < attendance.length) reply.set('more_agents', attendance.length - agents.length);
}

function show({ agent, sessions, unread, listening, reason }: Attendance): object {
  return { agent_id: agent, sessions: sessions.length, listening, listening_reason: reason, unread };
}
