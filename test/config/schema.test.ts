import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkConfig, loadConfig } from '../../src/config/load.js';
import { DEFAULTS, ENVIRONMENT, SETTINGS, type Setting } from '../../src/config/schema.js';
import { renderConfigTable } from '../../src/config/table.js';
import { judge } from '../../src/config/validate.js';
import { useSandbox } from './sandbox.js';

const sandbox = useSandbox();
const settings: readonly Setting[] = SETTINGS;
const example = readFileSync(new URL('../../config.example.toml', import.meta.url), 'utf8');
const allKeys = example.replace(/^# (?=[a-z_]+ = |\[executors\.)/gm, '');

/** As the schema names them: `key`, or `table.key` below a [table]. */
function keysOf(text: string): string[] {
  let table = '';
  return [...text.matchAll(/^(?:\[([a-z_.]+)\]|([a-z_]+) = )/gm)].flatMap(([, header, key = '']) => {
    if (header === undefined) return [`${table}${key}`];
    table = `${header.replace('.codex', '.<agent>')}.`;
    return [];
  });
}

describe('config.example.toml', () => {
  it('means exactly the defaults as it stands', async () => {
    const defaults = await loadConfig({});
    const file = sandbox.write(example);
    expect(await loadConfig({})).toEqual({ ...defaults, file });
  });

  it('loads with every key uncommented', async () => {
    sandbox.write(allKeys);
    const { problems, config } = await checkConfig({}, () => undefined);
    expect(problems).toEqual([]);
    expect(config?.executors.get('codex')).toMatchObject({ stdin: '{prompt}', models: ['gpt-5.4', 'gpt-5.4-mini'] });
    expect(config?.lanes).toMatchObject({ host: 'localhost', executor: { stdin: '{task}', timeoutSeconds: 60 } });
    expect(config?.wake.command).toEqual(['notify-send', '{agent}', '{notice}']);
    expect(config).toMatchObject({ agents: ['alice', 'bob'], instructions: expect.stringContaining('{agent_list}') });
  });

  it('lists every key of the schema once, in its order, and comments out those whose absence means something', () => {
    expect(keysOf(allKeys)).toEqual(settings.map(({ key }) => key));
    expect(keysOf(example)).toEqual(
      // An executor is a table of its own, and none is there unless somebody wrote it.
      settings.filter((one) => one.whenAbsent === undefined && !one.key.startsWith('executors.')).map(({ key }) => key),
    );
  });

  it('states the bounds that are enforced', () => {
    for (const setting of settings) {
      const [name = '', table = ''] = setting.key.split('.').reverse();
      const header = table === '' ? '' : setting.key.replace('<agent>', 'codex').slice(0, -name.length - 1);
      const part = example.slice(header === '' ? 0 : example.indexOf(`[${header}]\n`));
      const comment = new RegExp(`((?:^#.*\\n)+)(?:# )?${name} = `, 'm').exec(part)?.[1];
      if (setting.type === 'integer') expect(comment).toContain(`${setting.min} to ${setting.max}`);
      if (setting.type === 'integer' && setting.zero !== undefined) expect(comment).toContain(`0: ${setting.zero}`);
      if (setting.type === 'template') expect(comment).toContain(`at most ${setting.maxLength} characters`);
      if (setting.type === 'argv') {
        expect(comment).toContain(`1 to ${setting.maxItems} texts of at most ${setting.maxLength} characters`);
        for (const placeholder of setting.placeholders) expect(comment).toContain(`{${placeholder}}`);
      }
      if (setting.type === 'choice' || setting.type === 'choices')
        for (const value of setting.values) expect(comment).toContain(`"${value}"`);
    }
  });
});

describe('the schema', () => {
  it('has for each key either a valid default or words for its absence', () => {
    for (const setting of settings) {
      const { key } = setting;
      expect('default' in setting, key).toBe(setting.whenAbsent === undefined);
      if (!('default' in setting)) continue;
      const value = setting.type === 'integer' ? BigInt(setting.default ?? 0) : setting.default;
      expect(judge(setting, value, sandbox.home).faults, key).toBeUndefined();
      expect(DEFAULTS).toHaveProperty(key, setting.default);
    }
  });

  it('documents the bounds and defaults of the Config fields as they are', () => {
    const files = ['config/config.ts', 'model/executor.ts'];
    const docs = files.map((file) => readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8')).join('\n');
    const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, value < 10_000 ? '' : '_');
    for (const setting of settings) {
      if (setting.type !== 'integer') continue;
      expect(docs).toMatch(
        new RegExp(
          `${grouped(setting.min)} to ${grouped(setting.max)}.*(?:@default|lanes) ${grouped(setting.default)}(?![\\d_])`,
        ),
      );
    }
  });

  it('describes each key in one sentence of one line', () => {
    for (const { description } of [...settings, ...ENVIRONMENT]) expect(description).toMatch(/^[^\n]+\.$/);
  });
});

describe('renderConfigTable', () => {
  it('has a row for every key and every variable, with bounds, default and override', () => {
    const lines = renderConfigTable().split('\n');
    expect(lines).toContain(
      '| `max_reply_bytes` | bytes, 2048 to 1048576 | `10240` | The largest reply of a tool; what does not fit is announced and fetched with the next call. |',
    );
    expect(lines.find((line) => line.startsWith('| `limits.inbox_bytes` | bytes, 0 to 1099511627776 |'))).toMatch(
      /`67108864` .* 0 means no limit\. \|$/,
    );
    expect(lines.find((line) => line.startsWith('| `dispatch_dir`'))).toMatch(
      /`"~\/.config.*Overridden by `MCP_DISPATCH_DIR`\. \|$/,
    );
    expect(lines.find((line) => line.startsWith('| `wake.methods` |'))).toContain(
      '| array of `"claude-socket"`, `"codex-queue"`, `"claude-channel"`, `"command"` | all of them |',
    );
    expect(lines.find((line) => line.startsWith('| `wake.command` |'))).toContain(
      '| array of at most 32 texts of at most 1000 characters | none |',
    );
    expect(lines.find((line) => line.startsWith('| `agents`'))).toContain('dynamic mode');
    for (const { key } of settings) expect(lines.filter((line) => line.startsWith(`| \`${key}\` |`))).toHaveLength(1);
    for (const { name } of ENVIRONMENT)
      expect(lines.filter((line) => line.startsWith(`| \`${name}\` |`))).toHaveLength(1);
  });
});
