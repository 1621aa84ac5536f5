/** The rooms of src/ and what each may import: DESIGN, section 3, read from the imports themselves. */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

describe('src/', () => {
  const files = sourceFiles();

  it('has been read', () => {
    expect(files.length).toBeGreaterThan(40);
    expect(files).toContain('relay/relay.ts');
    expect(files.flatMap((file) => importsOf(readFileSync(SRC + file, 'utf8'))).length).toBeGreaterThan(100);
  });

  it('keeps the import rule in every file', () => {
    expect(files.flatMap((file) => violations(file, readFileSync(SRC + file, 'utf8')))).toEqual([]);
  });
});

describe('the rule', () => {
  it.each([
    ['relay/inbox.ts', `import { join } from 'node:fs';`],
    ['relay/inbox.ts', `import { readFile } from 'fs/promises';`],
    ['relay/inbox.ts', `import { createServer } from '../mcp/server.js';`],
    ['relay/inbox.ts', `import type { Config } from '../config/schema.js';`],
    ['relay/inbox.ts', `import { FilesystemStore } from '../store/filesystem/filesystem-store.js';`],
    ['relay/inbox.ts', `import { MemoryStore } from '../store/memory/memory-store.js';`],
    ['relay/inbox.ts', `import type { Tool } from '@modelcontextprotocol/sdk/types.js';`],
    ['relay/inbox.ts', `const { FilesystemStore } = await import('../store/filesystem/filesystem-store.js');`],
    ['relay/inbox.ts', `export * from '../mcp/reply.js';`],
    ['relay/inbox.ts', `export { Reply } from "../mcp/reply.js";`],
    ['relay/inbox.ts', `import '../main.js';`],
    ['relay/inbox.ts', `import {\n  Reply, // the reply\n} from '../mcp/reply.js';`],
    ['relay/inbox.ts', `let reply: import('../mcp/reply.js').Reply;`],
    ['relay/inbox.ts', `const fs = require('node:fs');`],
    ['relay/inbox.ts', `const fs = process.getBuiltinModule('node:fs');`],
    ['relay/inbox.ts', `await import(name);`],
    ['relay/inbox.ts', `import stub from '../../scripts/stubs/ajv.mjs';`],
    ['relay/inbox.ts', `import type { App } from '../main.js';`],
    ['model/message.ts', `import type { Store } from '../store/store.js';`],
    ['model/message.ts', `import { inboxKey } from '../relay/keys.js';`],
    ['config/load.ts', `import { Relay } from '../relay/relay.js';`],
    ['config/load.ts', `import { readFileSync } from 'node:fs';`],
    ['store/store.ts', `import { Files } from './filesystem/files.js';`],
    ['store/memory/memory-store.ts', `import { Files } from '../filesystem/files.js';`],
    ['store/memory/memory-store.ts', `import { readFileSync } from 'node:fs';`],
    ['store/filesystem/files.ts', `import { parseName } from '../../relay/message-name.js';`],
    ['mcp/server.ts', `import type { Store } from '../store/store.js';`],
    ['hooks/whose.ts', `import { runHook } from '../cli/hook.js';`],
    ['hooks/whose.ts', `import { Files } from '../store/filesystem/files.js';`],
    ['relay/inbox.ts', `import { describeNotice } from '../hooks/notice.js';`],
    ['mcp/server.ts', `import { runCommand } from '../cli/program.js';`],
    ['mcp/server.ts', `import { loadConfig } from '../config/load.js';`],
    ['mcp/server.ts', `import { Waker } from '../wake/waker.js';`],
    ['relay/session.ts', `import type { Notice } from '../wake/notice.js';`],
    ['wake/waker.ts', `import type { Config } from '../config/schema.js';`],
    ['wake/claude-socket.ts', `import { lstatSync } from 'node:fs';`],
    ['wake/claude-channel.ts', `import type { Server } from '@modelcontextprotocol/sdk/server/index.js';`],
    ['cli/inbox.ts', `import { Reply } from '../mcp/reply.js';`],
    ['cli/inbox.ts', `import { main } from '../main.js';`],
    ['cli/program.ts', `import type { App } from '../main.js';`],
    ['store/filesystem/bells.ts', `import { statSync } from 'node:fs';`],
    ['cli/inbox.ts', `import { Client } from '@modelcontextprotocol/sdk/client/index.js';`],
    ['cli/demo.ts', `import { Server } from '@modelcontextprotocol/sdk/server/index.js';`],
    ['clients/codex.ts', `import { readFileSync } from 'node:fs';`],
    ['clients/codex.ts', `import { spawn } from 'node:child_process';`],
    ['clients/codex.ts', `import { Relay } from '../relay/relay.js';`],
    ['clients/codex.ts', `import { loadConfig } from '../config/load.js';`],
    ['relay/inbox.ts', `import { CLIENTS } from '../clients/all.js';`],
    ['cli/init.ts', `import { spawn } from 'node:child_process';`],
    ['worker/keeper.ts', `import { openSync } from 'node:fs';`],
    ['worker/worker.ts', `import type { Config } from '../config/schema.js';`],
    ['relay/inbox.ts', `import { Keeper } from '../worker/keeper.js';`],
    ['keeper-main.ts', `import { Relay } from './relay/relay.js';`],
    ['bin.ts', `import { Relay } from './relay/relay.js';`],
    ['attic/old.ts', `import { Relay } from '../relay/relay.js';`],
  ])('%s may not say %s', (file, line) => {
    const found = violations(file, `/** A file. */\n\n${line}\n`);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`src/${file}:3: ${line.split('\n')[0]}`);
  });

  it.each([
    ['main.ts', `const { FilesystemStore } = await import('./store/filesystem/filesystem-store.js');`],
    ['open.ts', `import type { Config } from './config/schema.js';`],
    ['bin.ts', `void import('./main.js').then(({ main }) => main([]));`],
    ['mcp/stdio.ts', `import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';`],
    ['mcp/tools/who.ts', `import type { Attendance } from '../../relay/roll-call.js';`],
    ['cli/demo.ts', `import { Client } from '@modelcontextprotocol/sdk/client/index.js';`],
    ['cli/demo.ts', `import { mkdtempSync } from 'node:fs';`],
    ['cli/config.ts', `import { loadConfig } from '../config/load.js';`],
    ['config/read-file.ts', `import { openSync } from 'node:fs';`],
    ['cli/init.ts', `const { CLIENTS } = await import('../clients/all.js');`],
    ['clients/files.ts', `import { openSync } from 'node:fs';`],
    ['clients/commands.ts', `import { spawn } from 'node:child_process';`],
    ['store/filesystem/system-calls.ts', `import fs from 'node:fs';`],
    ['store/filesystem/files.ts', `import type { Stats } from 'node:fs';`],
    ['store/filesystem/files.ts', `import type { Store } from '../store.js';`],
    ['relay/inbox.ts', `import type { Store } from '../store/store.js';`],
    ['relay/inbox.ts', `import * as z from 'zod/v4';\nimport { createHash } from 'node:crypto';`],
  ])('%s may say %s', (file, source) => {
    expect(violations(file, source)).toEqual([]);
  });
});

interface Import {
  readonly line: number;
  readonly text: string;
  /** Undefined where it is not a literal, which nobody can judge. */
  readonly from: string | undefined;
  readonly typeOnly: boolean;
}

/** Rooms that a room may import from, itself excepted. An adapter is a room of its own below the port. */
const MAY_IMPORT: { readonly [room: string]: readonly string[] } = {
  model: [],
  config: ['model'],
  store: ['model'],
  'store/filesystem': ['store', 'model'],
  'store/memory': ['store', 'model'],
  relay: ['store', 'model'],
  hooks: ['relay', 'store', 'model'],
  mcp: ['hooks', 'relay', 'model'],
  wake: ['relay', 'model'],
  worker: ['relay', 'store', 'store/filesystem', 'model'],
  cli: ['hooks', 'relay', 'worker', 'config', 'clients', 'model'],
  clients: ['model'],
  'bin.ts': ['code-cache.ts', 'main.ts', 'command-main.ts', 'hook-main.ts'],
  'code-cache.ts': [],
  'keeper-main.ts': ['worker'],
  'worker-main.ts': ['command-main.ts'],
  'run-worker.ts': ['open.ts', 'wake', 'worker', 'model'],
  'hook-main.ts': ['main.ts', 'cli', 'config', 'model', 'relay', 'store/filesystem'],
  'main.ts': ['autospawn.ts', 'open.ts', 'mcp', 'model', 'relay', 'store', 'store/filesystem', 'wake'],
  'command-main.ts': ['open.ts', 'run-worker.ts', 'cli', 'model', 'store/filesystem', 'wake'],
  'autospawn.ts': ['config', 'model', 'relay', 'worker', 'store/filesystem'],
  'open.ts': ['autospawn.ts', 'cli', 'config', 'model', 'relay', 'store', 'store/filesystem'],
};

const READS_FILES =
  /^(code-cache\.ts|store\/filesystem\/system-calls\.ts|config\/read-file\.ts|clients\/files\.ts|cli\/demo(-workers)?\.ts)$/;

/** Of clients and cli, what starts processes. */
const STARTS_PROCESSES = /^(clients\/commands\.ts|cli\/demo-workers\.ts)$/;

function violations(file: string, source: string): string[] {
  return importsOf(source).flatMap((one) => {
    const problem = judge(file, one);
    return problem === undefined ? [] : [`src/${file}:${one.line}: ${one.text}  <- ${problem}`];
  });
}

function judge(file: string, { from, typeOnly }: Import): string | undefined {
  const room = roomOf(file);
  const allowed = MAY_IMPORT[room];
  if (allowed === undefined) return `"${room}" is no room of DESIGN 3: say in this test what it may import`;
  if (from === undefined) return 'what is imported must be a literal';
  if (/^(node:)?fs(\/|$)/.test(from)) {
    if (READS_FILES.test(file) || (typeOnly && room === 'store/filesystem')) return undefined;
    return 'files are opened through store/filesystem/files.ts only';
  }
  if (/^(node:)?child_process$/.test(from) && (room === 'clients' || room === 'cli')) {
    return STARTS_PROCESSES.test(file) ? undefined : 'processes are started through clients/commands.ts only';
  }
  if (from.startsWith('@modelcontextprotocol/')) {
    if (room === 'mcp' || (file === 'cli/demo.ts' && from.startsWith('@modelcontextprotocol/sdk/client/')))
      return undefined;
    return 'only mcp imports the SDK';
  }
  if (!from.startsWith('.')) return undefined;
  const target = posix.join(posix.dirname(file), from);
  if (target.startsWith('..')) return 'leaves src/';
  const other = roomOf(target.replace(/\.js$/, '.ts'));
  if (other === room || allowed.includes(other)) return undefined;
  return `${room} may import ${allowed.join(', ') || 'nothing of the other rooms'}, not ${other}`;
}

/** `relay` for relay/inbox.ts, `store/memory` for an adapter's file, the name for a file in no room. */
function roomOf(file: string): string {
  const [first = '', second] = posix.dirname(file).split('/');
  if (first === '.') return file;
  return first === 'store' && second !== undefined ? `store/${second}` : first;
}

const FORMS: readonly RegExp[] = [
  // import ... from '...', export ... from '...', over several lines.
  /^[ \t]*(?:import|export)\b[^;'"`]*?\bfrom\s*(['"])(?<from>[^'"\n]+)\1/gm,
  /^[ \t]*import\s*(['"])(?<from>[^'"\n]+)\1/gm,
  // Called, or in the place of a type.
  /\b(?:import|require|getBuiltinModule)\s*\(\s*(?:(['"`])(?<from>[^'"`\n$]+)\1|[^)\s])/g,
];

function importsOf(source: string): Import[] {
  // Comments go, lines stay; a "//" behind a quote, ":" or backslash is part of a string or an expression.
  const code = source
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(?<=^|[\s;,{}()])\/\/[^\n]*/g, (comment) => ' '.repeat(comment.length));
  const lines = source.split('\n');
  return FORMS.flatMap((form) =>
    [...code.matchAll(form)].map((match) => {
      const line = code.slice(0, match.index + match[0].search(/\S/)).split('\n').length;
      const text = (lines[line - 1] ?? '').trim();
      return { line, text, from: match.groups?.from, typeOnly: /^\s*(import|export)\s+type\b/.test(match[0]) };
    }),
  );
}

function sourceFiles(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => /\.[mc]?[jt]sx?$/.test(file))
    .sort();
}
