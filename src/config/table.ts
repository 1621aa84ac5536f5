/** The configuration part of the README, from the schema. For the generator and its test; no server loads it. */
import { ENVIRONMENT, SETTINGS, type Setting } from './schema.js';

/** The keys and then the environment variables, as two Markdown tables; ends with a line feed. */
export function renderConfigTable(): string {
  const settings: readonly Setting[] = SETTINGS;
  return [
    '| key | value | default | meaning |',
    '|---|---|---|---|',
    ...settings.map((setting) => row(`\`${setting.key}\``, allowedOf(setting), defaultOf(setting), meaningOf(setting))),
    '',
    '| environment variable | meaning |',
    '|---|---|',
    ...ENVIRONMENT.map(({ name, description }) => row(`\`${name}\``, description)),
    '',
  ].join('\n');
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function allowedOf(setting: Setting): string {
  switch (setting.type) {
    case 'agent ids':
      return 'array of agent ids';
    case 'path':
      return 'path';
    case 'integer':
      return `${setting.unit}, ${setting.min} to ${setting.max}`;
    case 'template':
      return `text, at most ${setting.maxLength} characters`;
    case 'boolean':
      return '`true` or `false`';
    case 'choice':
      return setting.values.map((value) => `\`"${value}"\``).join(' or ');
    case 'choices':
      return `array of ${setting.values.map((value) => `\`"${value}"\``).join(', ')}`;
    case 'variables':
      return `array of at most ${setting.maxItems} names`;
    case 'texts':
      return `array of at most ${setting.maxItems} texts`;
    case 'host':
      return 'text';
    case 'argv':
      return `array of at most ${setting.maxItems} texts of at most ${setting.maxLength} characters`;
  }
}

function defaultOf(setting: Setting): string {
  if (!('default' in setting)) return setting.whenAbsent ?? '';
  if (setting.type === 'choices') return 'all of them';
  if (setting.type === 'variables') return `\`${JSON.stringify(setting.default)}\``;
  return `\`${typeof setting.default === 'string' ? JSON.stringify(setting.default) : setting.default}\``;
}

function meaningOf(setting: Setting): string {
  const { description, env } = setting;
  const zero = setting.type === 'integer' && setting.zero !== undefined ? ` 0 means ${setting.zero}.` : '';
  return `${description}${zero}${env === undefined ? '' : ` Overridden by \`${env}\`.`}`;
}
