/** When a client stops reading, the machine waits, so the adapter's memory use stays bounded.
 *
 * The guest prints as fast as it can. While the client does not read, the machine does not run. When the client reads
 * again, the adapter sends the output that it has held back.
 */
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Sandbox } from '../support/cli.ts';
import { demoLaunch } from '../support/dapClient.ts';
import { makeElf } from '../support/elf.ts';

const ADAPTER = path.resolve(import.meta.dirname, '../../dist/debug-adapter.js');
const timeout = 60_000;
/** An upper bound for the size of the pipe buffer plus the adapter's own limits, with room for messages in transit. */
const KEPT_BYTES_MAX = 8 << 20;

/** Prints `!` forever. */
const PRINTS = [
  0x100002b7, // lui  t0, 0x10000
  0x02100313, // li   t1, '!'
  0x00628023, // sb   t1, 0(t0)
  0xffdff06f, // j    .-4
];

for (const console of ['debugConsole', 'terminal']) {
  test(`a guest that prints forever waits for a client that does not read: ${console}`, { timeout }, async (t) => {
    const client = await Client.launched(t, { console });
    client.deafen();
    await sleep(3000);
    client.send('pause', { threadId: 1 });
    await sleep(500);
    const heardBefore = client.heardBytes;
    client.listen();
    await client.until('"event":"stopped"');
    const keptBytes = client.heardBytes - heardBefore;
    t.diagnostic(`${keptBytes} bytes kept`);
    assert.ok(keptBytes < KEPT_BYTES_MAX, `${keptBytes}`);
    // The guest can continue once the client reads.
    client.send('continue', { threadId: 1 });
    await client.until('"event":"output"|"event":"blkreplay/console"');
  });
}

test("a session ends at the client's request even if the client never reads", { timeout }, async (t) => {
  const ends: Record<string, (client: Client) => void> = {
    disconnect: (client) => client.send('disconnect'),
    'the end of stdin': (client) => client.child.stdin.end(),
    SIGTERM: (client) => client.child.kill('SIGTERM'),
  };
  for (const [name, end] of Object.entries(ends)) {
    const client = await Client.launched(t, {});
    client.deafen();
    await sleep(1000);
    end(client);
    const [status] = (await once(client.child, 'exit')) as [number | null];
    assert.equal(status, 0, name);
    const replay = ['replay', '--rrfile', 'demo.rr', '--json', ...'--drive'.split(' ')];
    const drive = 'id=hd0,image=disk.img,format=raw,overlay=hd0.qcow2';
    (await client.sandbox.cli([...replay, drive])).ended(0, 'endOfRecording');
  }
});

test(
  'requests wait while the client does not read, and all of them are answered eventually',
  { timeout },
  async (t) => {
    const client = new Client(t);
    client.deafen();
    const count = 100_000;
    for (let i = 0; i < count; i++) client.send('threads');
    await sleep(2000);
    // The adapter does not read all of the requests until the client reads responses.
    assert.ok(client.child.stdin.writableLength > 0);
    client.listen();
    while (client.answers < count) await once(client.child.stdout, 'data');
    client.child.stdin.end();
    assert.deepEqual(await once(client.child, 'exit'), [0, null]);
  },
);

test('an oversized message or an endless header ends the session', { timeout }, async (t) => {
  for (const text of [
    'Content-Length: 10737418240\r\n\r\n',
    'content-length: 99999999999999999999\r\n\r\n{',
    'x'.repeat(1 << 20),
  ]) {
    const client = new Client(t);
    client.child.stdin.write(text);
    const [status] = (await once(client.child, 'exit')) as [number | null];
    assert.equal(status, 0);
    assert.match(client.received, /The session ends\./);
  }
});

class Client {
  readonly child: ChildProcessWithoutNullStreams;
  readonly sandbox: Sandbox;
  received = '';
  heardBytes = 0;
  private seq = 1;

  constructor(t: TestContext) {
    this.sandbox = new Sandbox(t);
    this.child = spawn(process.execPath, [ADAPTER]);
    t.after(() => this.child.kill('SIGKILL'));
    this.child.stdin.on('error', () => {});
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.received += text;
      this.heardBytes += text.length;
    });
  }

  static async launched(t: TestContext, more: object): Promise<Client> {
    const client = new Client(t);
    const kernel = client.sandbox.path(client.sandbox.write('prints.elf', makeElf({ code: PRINTS })));
    client.send('initialize', { adapterID: 'blkreplay' });
    client.send('launch', demoLaunch(client.sandbox, { kernel, ...more }));
    await client.until('"event":"initialized"');
    client.send('configurationDone');
    await client.until('!!!|ISEh');
    return client;
  }

  send(command: string, args: object = {}): void {
    const text = JSON.stringify({ seq: this.seq++, type: 'request', command, arguments: args });
    this.child.stdin.write(`Content-Length: ${text.length}\r\n\r\n${text}`);
  }

  deafen(): void {
    this.child.stdout.pause();
  }

  listen(): void {
    this.child.stdout.resume();
  }

  get answers(): number {
    return this.received.match(/"type":"response"/g)?.length ?? 0;
  }

  /** Waits for new output that matches the pattern. */
  async until(pattern: string): Promise<void> {
    this.received = '';
    while (!new RegExp(pattern).test(this.received)) await once(this.child.stdout, 'data');
  }
}
