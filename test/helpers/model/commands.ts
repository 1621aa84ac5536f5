/** Everything that can happen. A new kind of command is a file in `commands/` and a line here. */
import type * as fc from 'fast-check';
import type { Command } from './command.js';
import { ack } from './commands/ack.js';
import { lookBack, peek, peekOne, piggyback } from './commands/read.js';
import { seeReceipts } from './commands/receipts.js';
import { cancelReply, openReply, writeReply } from './commands/reply.js';
import { send } from './commands/send.js';
import { crash, endSession, startSession } from './commands/session.js';
import { clockStep, sweep } from './commands/time.js';

/** One that stands here twice comes twice as often. */
export const COMMANDS: fc.Arbitrary<Command>[] = [
  send,
  send,
  send,
  send,
  peek,
  peek,
  piggyback,
  peekOne,
  lookBack,
  openReply,
  openReply,
  writeReply,
  cancelReply,
  ack,
  ack,
  startSession,
  startSession,
  endSession,
  crash,
  crash,
  clockStep,
  sweep,
  seeReceipts,
];
