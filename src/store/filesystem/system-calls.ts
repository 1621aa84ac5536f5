/** The calls into the system that the door makes, apart so that a test can hand it others. */
import * as nodeFs from 'node:fs';

/** The system calls that the adapter makes. Tests pass a set in which one of them fails. */
export type SystemCalls = Pick<
  typeof nodeFs,
  | 'openSync'
  | 'writeSync'
  | 'readSync'
  | 'fsyncSync'
  | 'closeSync'
  | 'fstatSync'
  | 'lstatSync'
  | 'linkSync'
  | 'renameSync'
  | 'unlinkSync'
  | 'mkdirSync'
  | 'rmdirSync'
  | 'readdirSync'
  | 'opendirSync'
  | 'utimesSync'
  | 'readlinkSync'
  | 'realpathSync'
  | 'fchmodSync'
  | 'statfsSync'
>;

export const systemCalls: SystemCalls = nodeFs;

const { constants } = nodeFs;

/** Flags of open(2). Those that Windows does not have are 0; looking before the open stands in for them. */
export const OPEN = {
  rdonly: constants.O_RDONLY,
  wronly: constants.O_WRONLY,
  creat: constants.O_CREAT,
  excl: constants.O_EXCL,
  append: constants.O_APPEND,
  nofollow: constants.O_NOFOLLOW ?? 0,
  nonblock: constants.O_NONBLOCK ?? 0,
  directory: constants.O_DIRECTORY ?? 0,
} as const;
