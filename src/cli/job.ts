/** `job`: the commands about one job. */
import type { Define } from './command.js';
import { defineJobCancel } from './job-cancel.js';
import { defineJobShow } from './job-show.js';
import { defineJobSubmit } from './job-submit.js';

export const defineJob: Define = (program, choose) => {
  const job = program
    .command('job')
    .summary('hand over a job, look at it, or cancel it: job submit, job show, job cancel')
    .description('Work for an agent, a topic, or a lane: done once, whatever crashes. jobs lists them.');
  for (const define of [defineJobSubmit, defineJobShow, defineJobCancel]) define(job, choose);
};
