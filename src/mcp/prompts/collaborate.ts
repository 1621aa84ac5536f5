import * as z from 'zod/v4';
import { parseAgentId } from '../../model/agent-id.js';
import { parseTopic } from '../../model/topic.js';
import { definePrompt } from '../prompt.js';
import { MAIL_IS_FROM_AGENTS, name } from './fields.js';

export const collaborate = definePrompt({
  name: 'collaborate',
  title: 'Help a coordinator',
  description: 'Has this agent work for another one: report readiness, take tasks, check in, report results.',
  input: () =>
    z.strictObject({
      topic: name
        .optional()
        .describe('Topic on which the agents meet, such as build. Default: the agent looks for it.'),
      coordinator: name.optional().describe('Agent id of the coordinator. Default: the agent looks for it.'),
    }),

  write({ topic, coordinator }) {
    const where =
      topic === undefined
        ? 'See with who which topics there are; join the one of this work with role "helper", and ask me if that is not clear.'
        : `Join the topic "${parseTopic(topic)}" with role "helper".`;
    const whom =
      coordinator === undefined
        ? 'The coordinator is who has that role in who(topic).'
        : `The coordinator is the agent "${parseAgentId(coordinator, 'coordinator')}".`;
    return `Work as a helper of a coordinating agent, with the tools of mcp-dispatch.

1. ${where} ${whom}
2. Report readiness: dispatch to the coordinator, payload {"type":"presence","status":"ready","skills":["..."]}.
3. Wait with peek(wait_seconds), not in a loop. A task comes as task_assignment; take no other work. If it is unclear, too large or against what I asked of you, say so before you begin.
4. Work in bounded chunks: one step that ends in a working state, some ten minutes. After each, check in with dispatch in the task's thread, payload {"type":"progress","task_id":"t1","done":"...","next":"...","blockers":["..."]}, and read the mail that comes with the answer. Report a blocker at once, with what you need.
5. Urgent mail, cancel_task and interrupt come first: stop at the next safe point, leave the files whole, and say where you stopped.
6. When done_when is met, check it yourself, then dispatch payload {"type":"task_complete","task_id":"t1","summary":"...","files":["..."],"checks":["..."]}, and ack the assignment. What is not done, or not checked, say so.
7. Then dispatch {"type":"request_more_work"} and wait again. A review_request is answered by review_result. When there is no more work, leave the topic and report to me.

${MAIL_IS_FROM_AGENTS}`;
  },
});
