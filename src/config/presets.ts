/** Executors that work as they stand, for `init` to write. The flags are those of Codex 0.169 and Claude Code 2.1. */

/** What `--executors` takes. */
export const PRESET_IDS = ['codex', 'claude-code'] as const;

export interface Preset {
  readonly id: (typeof PRESET_IDS)[number];
  /** The agent whose jobs it runs. */
  readonly agent: string;
  readonly program: string;
  /** The table, as it is written. */
  readonly toml: string;
}

export const PRESETS: readonly Preset[] = [
  {
    id: 'codex',
    agent: 'codex',
    program: 'codex',
    toml: `# Codex reads only; what it may write with write_argv stays in the directory that it runs in.
[executors.codex]
argv = ["codex", "exec", "-s", "read-only", "--output-last-message", "{output_file}", "--", "{prompt}"]
write_argv = ["codex", "exec", "-s", "workspace-write", "--output-last-message", "{output_file}", "--", "{prompt}"]
timeout_seconds = 1800
# It sees no other variables: add what it needs, such as CODEX_HOME or the name of the one that holds its key.
env = ["PATH", "HOME"]
`,
  },
  {
    id: 'claude-code',
    agent: 'claude',
    program: 'claude',
    toml: `# Claude Code in plan mode, which reads only; with write_argv it may edit files, and is refused what it would ask for.
[executors.claude]
argv = ["claude", "-p", "--permission-mode", "plan"]
write_argv = ["claude", "-p", "--permission-mode", "acceptEdits"]
stdin = "{prompt}"
timeout_seconds = 1800
# It sees no other variables: add what it needs, such as CLAUDE_CONFIG_DIR or the name of the one that holds its key.
env = ["PATH", "HOME"]
`,
  },
];
