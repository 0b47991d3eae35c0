/** The whole debug adapter runs in a JavaScript context that has none of Node's globals or modules. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import vm from 'node:vm';
import { build } from 'esbuild';
import type * as Dap from '../../debug-adapter/dap/index.ts';
import { nodeHost } from '../../debug-adapter/host/nodeHost.ts';
import { NEVER } from '../support/snapshotPaces.ts';
import { expected, guest } from '../support/guests.ts';

/** The only globals that the context has in addition to those of the language. Browsers have them too. */
const GLOBALS = { TextEncoder, TextDecoder, atob, btoa };

interface Message {
  command?: string;
  event?: string;
  success?: boolean;
  body?: { output?: string; category?: string; stackFrames?: { name: string; line: number }[] };
}

async function adapterWithoutNode(): Promise<typeof Dap> {
  const { outputFiles } = await build({
    entryPoints: [path.resolve(import.meta.dirname, '../../debug-adapter/dap/index.ts')],
    ...{ bundle: true, platform: 'neutral', format: 'iife', globalName: 'dap', write: false },
  });
  const context = vm.createContext({ ...GLOBALS });
  assert.equal(vm.runInContext('typeof process + typeof Buffer + typeof require', context), 'undefined'.repeat(3));
  vm.runInContext(outputFiles[0].text, context);
  return (context as { dap: typeof Dap }).dap;
}

/** Starts an adapter whose protocol side and engine side run in the same thread. */
async function startAdapter() {
  const dap = await adapterWithoutNode();
  const signals = dap.makeSignals();
  const messages: Message[] = [];
  const link = new dap.EngineLink({
    post: (message) => void setImmediate().then(() => service.received(message)),
    signals,
    interrupt: () => {},
  });
  const service = new dap.EngineService({
    host: nodeHost,
    idleClock: { sleepUntil: () => assert.fail('a machine with "idle": "warp" does not sleep') },
    makePaces: () => ({ pace: NEVER, cachePace: NEVER }),
    version: 'test',
    post: (message) => link.received(message),
    nextMessage: () => undefined,
    listen: () => Promise.reject(new Error('there is no network')),
    milliseconds: () => performance.now(),
    letMessagesIn: () => setImmediate(),
    signals,
  });
  const client = new dap.Adapter(link, () => {}).start({
    send: (bytes) => messages.push(JSON.parse(new TextDecoder().decode(bytes).replace(/^[^{]*/, '')) as Message),
    unsentBytes: 0,
    pause: () => {},
    resume: () => {},
  });
  let seq = 1;
  const request = async (command: string, args: object = {}): Promise<Message['body']> => {
    const json = JSON.stringify({ type: 'request', seq: seq++, command, arguments: args });
    client.received(new TextEncoder().encode(`Content-Length: ${json.length}\r\n\r\n${json}`));
    const response = await message((one) => one.command === command);
    assert.equal(response.success, true, JSON.stringify(response));
    return response.body;
  };
  const message = async (isWanted: (message: Message) => boolean): Promise<Message> => {
    const deadline = performance.now() + 10_000;
    while (performance.now() < deadline) {
      const found = messages.find(isWanted);
      if (found) return found;
      await setImmediate();
    }
    return assert.fail(`the message is missing: ${JSON.stringify(messages)}`);
  };
  return { messages, request, event: (name: string) => message(({ event }) => event === name) };
}

test('a guest stops at a breakpoint, shows its stack and runs to completion without Node', async () => {
  const { messages, request, event } = await startAdapter();
  await request('initialize');
  await request('launch', { rr: 'off', idle: 'warp', kernel: guest('small/hello') });
  await request('setFunctionBreakpoints', { breakpoints: [{ name: 'main' }] });
  await request('configurationDone');
  await event('stopped');
  const { stackFrames } = (await request('stackTrace', { threadId: 1 }))!;
  assert.deepEqual(
    stackFrames!.map(({ name }) => name),
    ['main', '_start'],
  );
  await request('continue', { threadId: 1 });
  await event('terminated');
  const output = messages.filter(({ body }) => body?.category === 'stdout').map(({ body }) => body!.output);
  assert.equal(output.join(''), expected('small/hello').console);
});
