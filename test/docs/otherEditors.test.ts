/** The messages and configurations in the documentation for other editors work with the debug adapter. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { guest } from '../support/guests.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { codeBlocks, parseJson, ROOT } from './documents.ts';

const DOCUMENT = 'docs/other-editors.md';
const blocks = codeBlocks(DOCUMENT);
const [initialize, launch] = blocks.filter(({ language }) => language === 'json').map(parseJson);
const [start] = blocks.filter(({ language }) => language === 'sh');

test('an editor that starts the adapter on stdio and sends the described messages can go back', async (t) => {
  const cwd = temporaryFolder(t);
  copyFileSync(guest('small/fail'), path.join(cwd, 'kernel.elf'));
  const editor = new PlainEditor(start.text.trim());
  t.after(() => editor.child.kill());
  const capabilities = (await editor.request('initialize', initialize)).body;
  assert.equal(capabilities.supportsStepBack, true);
  editor.send('launch', { ...launch, cwd });
  await editor.until((message) => message.event === 'initialized');
  const { body } = await editor.request('setFunctionBreakpoints', { breakpoints: [{ name: 'main' }] });
  assert.equal(body.breakpoints[0].verified, true);
  editor.send('configurationDone', {});
  assert.equal((await editor.stopped()).reason, 'function breakpoint');
  await editor.request('continue', { threadId: 1 });
  assert.match((await editor.stopped()).description, /reported failure/);
  assert.ok(editor.messages.some(({ event, body }) => event === 'output' && body.category === 'stdout'));
  await editor.request('reverseContinue', { threadId: 1 });
  assert.equal((await editor.stopped()).reason, 'function breakpoint');
  await editor.request('stepBack', { threadId: 1 });
  assert.equal((await editor.stopped()).reason, 'step');
  await editor.request('disconnect', {});
});

test('the configurations for each editor have the settings of the launch message', () => {
  const languages = { lua: 1, elisp: 2, toml: 1 };
  for (const [language, count] of Object.entries(languages)) {
    const configurations = blocks.filter((block) => block.language === language);
    assert.equal(configurations.length, count, language);
    for (const { text } of configurations) {
      for (const [name, value] of Object.entries(launch)) {
        // `cwd` differs from editor to editor, and Helix asks the user for the kernel.
        if (name === 'cwd' || (language === 'toml' && name === 'kernel')) continue;
        const setting = new RegExp(`(?:^|\\s|:)${name}(?: =)? ["']${value}["']`, 'm');
        assert.match(text, setting, `${name} in ${language}`);
      }
      assert.match(text, /dist\/debug-adapter\.js/);
      assert.match(text, /['"]node['"]/);
    }
  }
});

interface Message {
  event?: string;
  request_seq?: number;
  success?: boolean;
  body: Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any
}

/** A client that knows nothing but the protocol: it starts the command and exchanges messages. */
class PlainEditor {
  readonly child;
  readonly messages: Message[] = [];
  private seen = 0;
  private seq = 0;
  private input = Buffer.alloc(0);
  private wake = (): void => {};

  constructor(commandLine: string) {
    const [program, ...args] = commandLine.split(' ');
    assert.equal(program, 'node');
    this.child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdout.on('data', (bytes: Buffer) => this.receive(bytes));
  }

  send(command: string, args: object): number {
    const seq = ++this.seq;
    const text = JSON.stringify({ seq, type: 'request', command, arguments: args });
    this.child.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    return seq;
  }

  async request(command: string, args: object): Promise<Message> {
    const seq = this.send(command, args);
    const response = await this.until((message) => message.request_seq === seq);
    assert.equal(response.success, true, JSON.stringify(response));
    return response;
  }

  /** The body of the next `stopped` event. */
  async stopped(): Promise<Message['body']> {
    for (;;) {
      const index = this.messages.findIndex(({ event }, i) => i >= this.seen && event === 'stopped');
      if (index >= 0) {
        this.seen = index + 1;
        return this.messages[index].body;
      }
      await this.next();
    }
  }

  async until(matches: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.messages.find(matches);
      if (found) return found;
      await this.next();
    }
  }

  private next(): Promise<void> {
    return new Promise((resolve) => (this.wake = resolve));
  }

  private receive(bytes: Buffer): void {
    this.input = Buffer.concat([this.input, bytes]);
    for (;;) {
      const end = this.input.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/Content-Length: (\d+)/.exec(this.input.toString('latin1', 0, end))![1]);
      if (this.input.length < end + 4 + length) return;
      this.messages.push(JSON.parse(this.input.toString('utf8', end + 4, end + 4 + length)) as Message);
      this.input = this.input.subarray(end + 4 + length);
      this.wake();
    }
  }
}
