import { describe, expect, it } from 'vitest';
import { DispatchError } from '../../../src/model/errors.js';
import type { Executor } from '../../../src/model/executor.js';
import { Lanes, lanesRefusedBecause, type OperatorText } from '../../../src/relay/lanes/lanes.js';

const EXECUTOR: Executor = {
  argv: ['lane', '{orguser}', '{repo}', '{host}', '{max_iterations}', '--', '{task}'],
  timeoutSeconds: 60,
  env: ['PATH'],
  models: [],
};

const SECRET = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';

const LIST = {
  orgs: { acme: { token: SECRET, env: { GH_TOKEN: SECRET } }, beta: {} },
  repos: {
    api: { org: 'acme', github: `https://x:${SECRET}@github.com/acme-inc/api`, token: SECRET },
    site: { org: 'acme' },
    app: { org: 'beta', github: 'beta/app' },
  },
};

/** Lanes over a file whose text is what `file.text` is at that moment. */
function lanesOver(first: unknown) {
  const file = { read: { text: typeof first === 'string' ? first : JSON.stringify(first) } as OperatorText };
  const lanes = new Lanes({
    repos: '/home/me/.repos.json',
    read: () => file.read,
    executor: EXECUTOR,
    host: 'build-1',
    maxIterations: 50,
  });
  return { file, lanes };
}

async function refusal(promise: Promise<unknown>): Promise<DispatchError> {
  const thrown: unknown = await promise.catch((error: unknown) => error);
  if (!(thrown instanceof DispatchError)) throw new Error(`expected a refusal, got ${JSON.stringify(thrown)}`);
  expect(thrown.code).toBe('LANE_REFUSED');
  // Whatever is refused, nothing of the file but its names may show.
  expect(JSON.stringify([thrown.message, thrown.data, String(thrown.cause)])).not.toContain(SECRET.slice(0, 12));
  return thrown;
}

describe('a lane', () => {
  it('is a repository of the list, under the org that it is listed with', async () => {
    const { lanes } = lanesOver(LIST);
    expect(await lanes.resolve('acme/api')).toEqual({ org: 'acme', repo: 'api' });
    expect(await lanes.list()).toEqual(['acme/api', 'acme/site', 'beta/app']);
  });

  it.each([
    ['acme/web', 'there is no repository web'],
    ['evil/api', 'there is no owner evil'],
    ['beta/api', 'beta does not own api'],
    // What `github` says is another program's.
    ['acme-inc/api', 'there is no owner acme-inc'],
    ['Acme/api', 'there is no owner Acme'],
    ['acme/API', 'there is no repository API'],
    ['acme/*', 'a lane is an owner and a repository'],
    ['*/*', 'a lane is an owner and a repository'],
    ['acme/../beta/app', 'a lane is an owner and a repository'],
    ['acme/api/', 'a lane is an owner and a repository'],
    ['acme/-rf', 'a lane is an owner and a repository'],
    ['toString/valueOf', 'there is no owner toString'],
    ['acme/__proto__', 'there is no repository __proto__'],
    ['acme/constructor', 'there is no repository constructor'],
    ['', 'a lane is an owner and a repository'],
  ])('that is not on it, %j, is refused, and the answer names what is allowed', async (address, why) => {
    const { message, data } = await refusal(lanesOver(LIST).lanes.resolve(address));
    expect(message).toContain(`is no lane: ${why}`);
    expect(message).toContain('Allowed: acme/api, acme/site, beta/app. Only the operator can allow another.');
    expect(data).toEqual({ known: ['acme/api', 'acme/site', 'beta/app'] });
  });

  it('is what the list says at this moment', async () => {
    const { lanes, file } = lanesOver(LIST);
    await lanes.resolve('acme/api');
    file.read = { text: JSON.stringify({ orgs: { acme: {} }, repos: { site: { org: 'acme' } } }) };
    await refusal(lanes.fill('acme/api', 'do it'));
    expect(await lanes.list()).toEqual(['acme/site']);
    file.read = { problem: 'is a symbolic link' };
    for (const use of [lanes.resolve('acme/site'), lanes.list(), lanes.fill('acme/site', 'x'), lanes.leftOut()]) {
      expect((await refusal(use)).message).toBe(
        'The list of lanes /home/me/.repos.json is a symbolic link, so there is no lane now. Only the operator can put it right. Nothing was done.',
      );
    }
    file.read = { text: JSON.stringify(LIST) };
    expect(await lanes.resolve('acme/api')).toEqual({ org: 'acme', repo: 'api' });
  });

  it('is worked on by what the operator wrote, filled with names of the list and the words of the job', async () => {
    const { lanes } = lanesOver(LIST);
    expect(lanes.executor).toBe(EXECUTOR);
    expect(await lanes.fill('acme/api', '--rm -rf {repo}')).toEqual({
      orguser: { text: 'acme', by: 'operator' },
      repo: { text: 'api', by: 'operator' },
      task: { text: '--rm -rf {repo}', by: 'job' },
      host: { text: 'build-1', by: 'operator' },
      max_iterations: { text: '50', by: 'operator' },
    });
    expect(JSON.stringify(await lanes.fill('acme/api', 'x'))).not.toContain(SECRET);
  });

  it('of a long list is named with the number of the others', async () => {
    const names = Array.from({ length: 300 }, (_, number) => `r${String(number).padStart(3, '0')}`);
    const repos = Object.fromEntries(names.map((name) => [name, { org: 'acme' }]));
    const { message, data } = await refusal(lanesOver({ orgs: { acme: {} }, repos }).lanes.resolve('acme/x'));
    expect(message).toMatch(/Allowed: acme\/r000, .*acme\/r019 and 280 more\. /);
    expect(data.known).toHaveLength(100);
    expect((await refusal(lanesOver({ orgs: {}, repos: {} }).lanes.resolve('acme/x'))).message).toContain(
      'The list allows none.',
    );
  });
});

describe('an entry that is no lane', () => {
  it('is left out and said to be, beside those that are', async () => {
    const { lanes } = lanesOver({
      orgs: { acme: {}, '../x': {}, 'Acme-2': {} },
      repos: {
        api: { org: 'acme' },
        ghost: { org: 'nobody' },
        odd: { org: '../x' },
        [`${SECRET} !`]: { org: 'acme' },
        '-rf': { org: 'acme' },
        '..': { org: 'acme' },
        'a/b': { org: 'acme' },
        Web: { org: 'acme' },
        web: { org: 'acme' },
      },
    });
    expect(await lanes.list()).toEqual(['acme/api']);
    const leftOut = await lanes.leftOut();
    expect(leftOut).toEqual([
      'The repository ghost is of nobody, which is not among the orgs.',
      'The org of the repository odd has a name that no owner has.',
      'An entry of repos has a name that no repository has.',
      'An entry of repos has a name that no repository has.',
      'An entry of repos has a name that no repository has.',
      'An entry of repos has a name that no repository has.',
      'acme/Web is there more than once but for upper and lower case.',
      'acme/web is there more than once but for upper and lower case.',
    ]);
    for (const address of ['nobody/ghost', 'acme/web', 'acme/Web', '../x/odd', 'acme/-rf']) {
      await refusal(lanes.resolve(address));
    }
  });

  it('may be called __proto__, which is a name like any other', async () => {
    const { lanes } = lanesOver('{"orgs": {"acme": {}, "__proto__": {}}, "repos": {"__proto__": {"org": "acme"}}}');
    expect(await lanes.resolve('acme/__proto__')).toEqual({ org: 'acme', repo: '__proto__' });
    await refusal(lanes.resolve('acme/toString'));
    await refusal(lanes.resolve('__proto__/__proto__'));
  });
});

describe('a list that is wrong anywhere', () => {
  it.each([
    ['', 'is not valid JSON'],
    [' ', 'is not valid JSON'],
    ['{', 'is not valid JSON'],
    [`{"orgs": ${SECRET}`, 'is not valid JSON'],
    ['[]', 'is not of the shape'],
    ['null', 'is not of the shape'],
    [`"${SECRET}"`, 'is not of the shape'],
    ['{}', 'is not of the shape'],
    ['{"orgs": {}}', 'is not of the shape'],
    ['{"repos": {}}', 'is not of the shape'],
    ['{"orgs": [], "repos": {}}', 'is not of the shape'],
    ['{"orgs": {"acme": 1}, "repos": {}}', 'is not of the shape'],
    ['{"orgs": {"acme": {}}, "repos": {"api": "acme"}}', 'is not of the shape'],
    ['{"orgs": {"acme": {}}, "repos": {"api": {}}}', 'is not of the shape'],
    ['{"orgs": {"acme": {}}, "repos": {"api": {"org": ["acme"]}}}', 'is not of the shape'],
    ['{"orgs": {"acme": {}}, "repos": {"api": {"org": "acme", "github": 1}}}', 'is not of the shape'],
    ['{"orgs": {"acme": {}}, "repos": {"api": {"__proto__": {"org": "acme"}}}}', 'is not of the shape'],
    ['{"orgs": {"a": {}}, "repos": {"api": {"org": "a"}, "api": {"org": "b"}}}', 'has a key twice in one object'],
    ['{"orgs": {"a": {}}, "repos": {"api": {"org": "a", "\\u006frg": "b"}}}', 'has a key twice in one object'],
    [`{"orgs": {"a": {"${SECRET}": "{", "${SECRET}": 1}}, "repos": {}}`, 'has a key twice in one object'],
    [`${'['.repeat(200_000)}`, 'is not valid JSON'],
    [`{"orgs": {}, "repos": {"a": ${'['.repeat(100_000)}${']'.repeat(100_000)}}}`, 'is not of the shape'],
  ])('allows nothing, and is not quoted (case %#)', async (text, why) => {
    const { message } = await refusal(lanesOver(text).lanes.list());
    expect(message).toContain(`The list of lanes /home/me/.repos.json ${why}`);
    expect(message).toContain('so there is no lane now.');
  });

  it('is not taken for one with a key twice where objects beside each other, or texts, have it', async () => {
    const text = '{"orgs": {"a": {"k": "\\"k\\": {", "v": "}"}}, "repos": {"k": {"org": "a"}, "v": {"org" : "a"}}}';
    expect(await lanesOver(text).lanes.list()).toEqual(['a/k', 'a/v']);
  });
});

it('a configuration that cannot be trusted has no lane, and says why', async () => {
  const lanes = lanesRefusedBecause('/srv can be written by other users.');
  for (const use of [lanes.resolve('acme/api'), lanes.list()]) {
    expect((await refusal(use)).message).toMatch(/^\/srv can be written by other users\. Only the/);
  }
});
