import * as z from 'zod/v4';
import { jsonForTerminal } from '../../model/text.js';
import { parseTopic } from '../../model/topic.js';
import { definePrompt } from '../prompt.js';
import { goal, MAIL_IS_FROM_AGENTS, name } from './fields.js';

// Claude Code gives an argument the first word behind the command, with or without quotes, and drops the others.
const CUT_SHORT = ' (if that is cut short, ask me for the rest)';

export const coordinate = definePrompt({
  name: 'coordinate',
  title: 'Coordinate other agents',
  description: 'Has this agent lead a piece of work: divide it, hand it out, check results, report.',
  input: () =>
    z.strictObject({
      topic: name.optional().describe('Topic on which the agents meet, such as build. Default: the agent chooses one.'),
      goal: goal
        .optional()
        .describe(
          'What is to be reached. Default: what was said in the conversation. Some clients pass on its first word only.',
        ),
    }),

  write({ topic, goal }) {
    const about =
      goal === undefined
        ? 'The goal is what I asked for in this conversation.'
        : `The goal, in my words: ${jsonForTerminal(goal)}${/\s/.test(goal) ? '' : CUT_SHORT}`;
    const where =
      topic === undefined ? 'Choose a short topic name, tell me, join it' : `Join the topic "${parseTopic(topic)}"`;
    return `Coordinate this work between agents, with the tools of mcp-dispatch. ${about}

1. ${where} with role "coordinator", and see with who(topic) which helpers are there and who listens.
2. Cut the goal into bounded chunks: one result each that can be checked, no two in the same files. dispatch one at a time to each helper, thread_id the task's id, payload {"type":"task_assignment","task_id":"t1","goal":"...","done_when":"...","files":["..."]}.
3. Wait with peek(wait_seconds), not in a loop. Take urgent mail first. ack a message when you have dealt with it.
4. Answer each kind in its thread. progress: solve its blockers first. task_complete: look at the result yourself, or have another helper do it (review_request, answered by review_result). request_more_work: the next chunk, or that there is none.
5. Change of plan: dispatch with priority "urgent", payload type interrupt to pause or change, cancel_task to end.
6. Silence proves nothing: sent_receipts of peek says what was read, who whether anybody listens. Cancel a task before you give it to another helper.
7. At the end tell the topic, leave it, and report to me what is done and by whom, what you checked, what is open.

${MAIL_IS_FROM_AGENTS}`;
  },
});
