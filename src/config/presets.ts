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
    toml: `# Codex in a sandbox that lets it read only; with write_argv it may write in the directory that it runs in, which
# must be in a git repository then.
[executors.codex]
argv = ["codex", "exec", "--skip-git-repo-check", "-s", "read-only", "--output-last-message", "{output_file}", "--", "{prompt}"]
write_argv = ["codex", "exec", "-s", "workspace-write", "--output-last-message", "{output_file}", "--", "{prompt}"]
timeout_seconds = 1800
# It sees no other variables: add what it needs, such as CODEX_HOME or the name of the one that holds its key.
env = ["PATH", "HOME"]
`,
  },
  {
    // In plan mode Claude Code lets a classifier approve shell commands that write, unless that is switched off.
    id: 'claude-code',
    agent: 'claude',
    program: 'claude',
    toml: `# Claude Code in plan mode, which edits no file; with write_argv it may, in the directory that it runs in. What it would ask for
# is refused, but what your own settings allow it, such as shell commands, it does in both.
[executors.claude]
argv = ["claude", "-p", "--permission-mode", "plan", "--settings", '{"useAutoModeDuringPlan": false}']
write_argv = ["claude", "-p", "--permission-mode", "acceptEdits"]
stdin = "{prompt}"
timeout_seconds = 1800
# It sees no other variables: add what it needs, such as CLAUDE_CONFIG_DIR or the name of the one that holds its key.
env = ["PATH", "HOME"]
`,
  },
];
