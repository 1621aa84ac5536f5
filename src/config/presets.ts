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

// Both clients start the servers that their owner has set up, this one too. In an executor it would serve the owner's own agent:
// it would take that agent's mail, and its hooks would have the last word, which is the result of the job.
export const PRESETS: readonly Preset[] = [
  {
    id: 'codex',
    agent: 'codex',
    program: 'codex',
    // An entry without a command is an error of Codex's, and a value that is not TOML is text to it.
    toml: `# Codex in a sandbox that lets it read only; with write_argv it may write in the directory that it runs in, where that is a
# git repository. Its entry of mcp-dispatch is off: in a job it would read your mail.
[executors.codex]
argv = [
  "codex", "exec", "-s", "read-only", "--skip-git-repo-check",
  "-c", "mcp_servers.mcp-dispatch.command=mcp-dispatch", "-c", "mcp_servers.mcp-dispatch.enabled=false",
  "--output-last-message", "{output_file}", "--", "{prompt}",
]
write_argv = [
  "codex", "exec", "-s", "workspace-write",
  "-c", "mcp_servers.mcp-dispatch.command=mcp-dispatch", "-c", "mcp_servers.mcp-dispatch.enabled=false",
  "--output-last-message", "{output_file}", "--", "{prompt}",
]
timeout_seconds = 1800
# It sees no other variables: add what it needs, such as CODEX_HOME or the name of the one that holds its key.
env = ["PATH", "HOME"]
# The repository that it works in. Without this it is the folder of the worker, and your home where a server starts that.
# cwd = "~/code/webapp"
`,
  },
  {
    // In plan mode Claude Code lets a classifier approve shell commands that write, unless that is switched off. A prompt that
    // begins with "/" runs a command of the project or its owner, whose shell lines plan mode does not ask about.
    id: 'claude-code',
    agent: 'claude',
    program: 'claude',
    toml: `# Claude Code in plan mode, which edits no file; with write_argv it may, in the directory that it runs in. What it would ask for
# is refused, but what your own settings allow it, such as shell commands, it does in both. It has none of your slash commands,
# which a job could call, and none of your MCP servers: with mcp-dispatch it would read your mail. --mcp-config gives it others.
[executors.claude]
argv = [
  "claude", "-p", "--permission-mode", "plan", "--settings", '{"useAutoModeDuringPlan": false}',
  "--strict-mcp-config", "--disable-slash-commands",
]
write_argv = ["claude", "-p", "--permission-mode", "acceptEdits", "--strict-mcp-config", "--disable-slash-commands"]
stdin = "{prompt}"
timeout_seconds = 1800
# It sees no other variables: add what it needs, such as CLAUDE_CONFIG_DIR or the name of the one that holds its key.
env = ["PATH", "HOME"]
# The repository that it works in. Without this it is the folder of the worker, and your home where a server starts that.
# cwd = "~/code/webapp"
`,
  },
];
