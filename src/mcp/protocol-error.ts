/** Errors of the protocol, for requests that have no result in which an error could stand: prompts and resources. */
import { ErrorCode } from '@modelcontextprotocol/sdk/types.js';
import { DispatchError } from '../model/errors.js';

/** MCP's code for a resource that does not exist; the SDK has no name for it. */
export const RESOURCE_NOT_FOUND = -32002;

/** Answered as it is: the SDK takes code, message and data from it. */
export class ProtocolError extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly data?: { readonly [field: string]: unknown },
  ) {
    super(message);
    this.name = 'ProtocolError';
  }
}

const FAULTS_OF_THE_CALLER: ReadonlySet<string> = new Set(['INVALID_ARGUMENT', 'INVALID_AGENT_ID']);

/** Any error as one that helps whoever asked; what is unexpected is told to the person at the terminal instead. */
export function toProtocolError(error: unknown, log: (text: string) => void): ProtocolError {
  if (error instanceof ProtocolError) return error;
  if (error instanceof DispatchError) {
    const code = FAULTS_OF_THE_CALLER.has(error.code) ? ErrorCode.InvalidParams : ErrorCode.InternalError;
    return new ProtocolError(code, `${error.code}: ${error.message}`);
  }
  log(`A request failed unexpectedly: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return new ProtocolError(
    ErrorCode.InternalError,
    'INTERNAL: mcp-dispatch failed unexpectedly; its stderr has the details.',
  );
}
