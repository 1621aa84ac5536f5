/** Every operation of the port once, for claims that hold for all of them. */
import type { Store } from '../../src/store/store.js';

/** Those that touch the relay at all and report errors. `agent` is the top folder of the keys they use. */
export function everyOperation(agent = 'bob'): readonly (readonly [string, (store: Store) => Promise<unknown>])[] {
  return [
    ['create', (store) => store.create(`${agent}/new`, 'x')],
    ['create of nothing', (store) => store.create(`${agent}/empty`, '')],
    [
      'createAll',
      async (store) => {
        for (const outcome of await store.createAll([{ key: `${agent}/new`, value: 'x' }])) {
          if (outcome.state === 'failed') throw outcome.error;
        }
      },
    ],
    ['append', (store) => store.append(`${agent}/log`, 'record')],
    ['put', (store) => store.put(`${agent}/m`, 'changed')],
    ['put durably', (store) => store.put(`${agent}/m`, 'changed', { durable: true })],
    ['read', (store) => store.read(`${agent}/m`, 100)],
    ['readLog', (store) => store.readLog(`${agent}/m`, 0, 100)],
    ['list', (store) => store.list(agent)],
    ['list below', (store) => store.list(`${agent}/read`)],
    ['count', (store) => store.count(agent, 10)],
    ['move', (store) => store.move(`${agent}/m`, `${agent}/n`)],
    ['move durably', (store) => store.move(`${agent}/m`, `${agent}/n`, { durable: true })],
    ['moveAll', (store) => store.moveAll([{ from: `${agent}/m`, to: `${agent}/n` }], { durable: true })],
    ['move below', (store) => store.move(`${agent}/read/m`, `${agent}/read/n`)],
    ['remove', (store) => store.remove(`${agent}/m`)],
    ['removeAll', (store) => store.removeAll([`${agent}/m`])],
    ['prune', (store) => store.prune(`${agent}/hollow`)],
    ['readRecord', (store) => store.readRecord(`${agent}/record`)],
    ['update', (store) => store.update(`${agent}/record`, undefined, 'x')],
  ];
}
