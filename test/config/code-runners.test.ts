import { describe, expect, it } from 'vitest';
import { codeProblem } from '../../src/config/code-runners.js';

const problemOf = (line: string, stdin?: string) => codeProblem(line.split(' '), stdin, 'prompt');

describe('the words of a job', () => {
  it.each([
    'sh -c {prompt}',
    'bash -lc {prompt}',
    '/bin/bash -c {prompt}',
    'zsh -ec {prompt}',
    'dash +c {prompt}',
    'fish -c {prompt}',
    'ksh {prompt}',
    'sh -- {prompt}',
    'bash -x {prompt}',
    // A script of the operator's, in which one quote may be missing.
    'sh -c codex_exec sh {prompt}',
    'cmd /c {prompt}',
    'C:\\Windows\\System32\\cmd.exe /d /s /c run.bat {prompt}',
    'powershell -Command {prompt}',
    'pwsh.exe -File run.ps1 {prompt}',
    'env sh -c {prompt}',
    'env -i PATH=/bin /bin/sh -c {prompt}',
    'env -S {prompt}',
    'env -vS {prompt}',
    'timeout 60 bash -c {prompt}',
    'nice -n 5 sudo -u bob sh -c {prompt}',
    'busybox sh -c {prompt}',
    'python3 -c {prompt}',
    'python3.12 {prompt}',
    'node -e {prompt}',
    'node --eval {prompt}',
    'node -r ./own.js -e {prompt}',
    'node {prompt}',
    'perl -e {prompt}',
    'deno eval {prompt}',
    'ruby -- {prompt}',
    // Behind a program that starts others, and is not known to.
    'docker exec box sh -c {prompt}',
    'kubectl exec pod -- /bin/bash -lc {prompt}',
    'npx tsx run node -e {prompt}',
    'uv run python -c {prompt}',
    'ssh {host} run {prompt}',
    'ssh -p 22 me@box run -- {prompt}',
  ])('do not become a program: %s', (line) => {
    expect(problemOf(line) ?? 'nothing').toMatch(/shell|interpreter|apart/);
  });

  it.each([
    'sh',
    'bash -s',
    '/bin/sh -s run.sh',
    'python3',
    'node -',
    'node',
    'ssh build-1',
    'ssh -T {host}',
    'ssh {host} bash -s',
    'pwsh',
  ])('do not become a program on the stdin of %s', (line) => {
    expect(problemOf(line, '{prompt}') ?? 'nothing').toMatch(/shell|interpreter/);
  });

  it.each([
    ['codex exec -- {prompt}', undefined],
    ['codex exec -c {prompt}', undefined],
    ['codex exec --shell bash -- {prompt}', undefined],
    ['docker exec box node {prompt}', undefined],
    ['claude -p', '{prompt}'],
    ['sh run.sh {prompt}', undefined],
    ['/bin/bash -eu run.sh -- {prompt}', undefined],
    ['sh run.sh', '{prompt}'],
    ['sh -c cat>/dev/null', '{prompt}'],
    ['node run.mjs {prompt}', undefined],
    ['node -e 0', '{prompt}'],
    ['node -e 0 {prompt}', undefined],
    ['python3 -m agent {prompt}', undefined],
    ['env FOO=1 codex exec -- {prompt}', undefined],
    ['timeout 60 codex exec -- {prompt}', undefined],
    ['ssh {host} run-lane {repo}', '{prompt}'],
    ['ssh -i key me@box run-lane', '{prompt}'],
    // Nothing of a job in it.
    ['bash -c ./run.sh {model}', undefined],
  ])('may be given to %s (stdin %s)', (line, stdin) => {
    expect(problemOf(line, stdin)).toBeUndefined();
  });

  it('are said to be better kept where no shell reads them', () => {
    expect(problemOf('bash -lc {prompt}')).toBe(
      '"bash" is a shell: it would run the words of a job as a script. Run the program itself; or a script file of yours, with {prompt} behind its name or as stdin.',
    );
    expect(problemOf('ssh h run {prompt}')).toContain('set stdin = "{prompt}".');
  });
});
