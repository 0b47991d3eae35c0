/** `--gdb unix:PATH` and `--gdb stdio` serve gdb privately and leave no socket behind. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodePacket } from '../../debug-adapter/gdb/packets.ts';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch } from '../support/dapClient.ts';
import { GdbClient } from '../support/gdbClient.ts';
import { guest } from '../support/guests.ts';
import { requireTool } from '../support/tools.ts';
import { GDB, runGdb, sessionIn } from './gdbSupport.ts';

const CLI = path.resolve(import.meta.dirname, '../../dist/cli.js');
const STARTED = /gdb server on unix:/;
const demo = ['--kernel', guest('demo/demo')];
const timeout = 60_000;

test(
  'a socket is accessible only to its owner, and is removed when the session ends for any reason',
  { timeout },
  async (t) => {
    for (const how of ['kill', 'ctrl-c', 'detach'] as const) {
      const sandbox = new Sandbox(t);
      const arguments_ = ['record', ...sessionIn(sandbox, guest('demo/demo')), '--gdb', 'unix:gdb.sock', '--json'];
      // With this umask, new files are readable and writable by other users unless the server prevents it.
      const running = sandbox.start(arguments_, { through: ['sh', '-c', 'umask 0; exec "$@"', 'sh'] });
      await running.untilSaid(STARTED);
      const found = fs.lstatSync(sandbox.path('gdb.sock'));
      assert.deepEqual([found.isSocket(), found.mode & 0o777], [true, 0o600]);
      if (how === 'ctrl-c') running.kill('SIGINT');
      else {
        const gdb = await GdbClient.connect(sandbox.path('gdb.sock'));
        assert.match(await gdb.ask('?'), /^T/);
        gdb.send(how === 'kill' ? 'k' : 'D');
      }
      if (how === 'detach') (await running.end).ended(1, 'guestFailed');
      else (await running.end).ended(130, 'interrupted');
      assert.deepEqual(fs.readdirSync(sandbox.folder).sort(), ['a.rr', 'disk.img', 'hd0.qcow2']);
    }
  },
);

test('a socket left by a killed session is replaced; other files at the path are rejected', { timeout }, async (t) => {
  const sandbox = new Sandbox(t);
  const args = ['run', ...demo, '--gdb', 'unix:gdb.sock', '--json'];
  const killed = sandbox.start(args);
  await killed.untilSaid(STARTED);
  const inUse = (await sandbox.cli(args)).refused(2);
  assert.equal(inUse.code, 'gdb-socket-in-use');
  const other = sandbox.start(['run', ...demo, '--gdb', 'unix:other.sock', '--json']);
  t.after(() => other.kill('SIGKILL'));
  await other.untilSaid(STARTED);
  killed.kill('SIGKILL');
  await killed.end;
  assert.ok(sandbox.exists('gdb.sock'));
  const again = sandbox.start(args);
  t.after(() => again.kill('SIGKILL'));
  await again.untilSaid(STARTED);
  assert.match(await (await GdbClient.connect(sandbox.path('gdb.sock'))).ask('?'), /^T/);

  sandbox.write('file', 'mine');
  fs.mkdirSync(sandbox.path('folder'));
  fs.symlinkSync('nowhere', sandbox.path('dangling'));
  fs.symlinkSync('gdb.sock', sandbox.path('link'));
  spawnSync('mkfifo', [sandbox.path('pipe')]);
  const before = fs.readdirSync(sandbox.folder);
  for (const name of ['file', 'folder', 'dangling', 'link', 'pipe']) {
    const refused = await sandbox.cli([
      'record',
      ...sessionIn(sandbox, guest('demo/demo')),
      '--gdb',
      `unix:${name}`,
      '--json',
    ]);
    assert.equal(refused.refused(2).code, 'gdb-socket-path-taken', name);
  }
  assert.deepEqual(fs.readdirSync(sandbox.folder).sort(), [...before, 'disk.img'].sort(), 'nothing of it is left');
});

test(
  'a path that cannot be used for a socket is rejected with a message, before any file is created',
  { timeout },
  async (t) => {
    const sandbox = new Sandbox(t);
    const codes: [string, string][] = [
      [`unix:${'x'.repeat(108)}`, 'gdb-socket-path-too-long'],
      [`unix:${'x/'.repeat(5000)}x`, 'gdb-socket-path-too-long'],
      ['unix:nowhere/gdb.sock', 'folder-missing'],
      ['unix:', 'cli-option-bad-value'],
      ['unix', 'cli-option-bad-value'],
      ['stdin', 'cli-option-bad-value'],
    ];
    for (const [text, code] of codes) {
      const { message, code: found } = (
        await sandbox.cli(['record', ...sessionIn(sandbox, guest('demo/demo')), '--gdb', text, '--json'])
      ).refused(2);
      assert.equal(found, code);
      assert.ok(message.length < 300, message);
    }
    assert.deepEqual(fs.readdirSync(sandbox.folder), ['disk.img']);
  },
);

test('a port in use leaves no recording file behind', { timeout }, async (t) => {
  const sandbox = new Sandbox(t);
  const server = net.createServer().listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const args = ['record', ...sessionIn(sandbox, guest('demo/demo')), '--gdb', String(port), '--json'];
  assert.equal((await sandbox.cli(args)).refused(2).code, 'gdb-port-in-use');
  assert.deepEqual(fs.readdirSync(sandbox.folder), ['disk.img']);
});

test('clients that send HTTP over a socket or over stdio are dropped too', { timeout }, async (t) => {
  const http = `POST / HTTP/1.1\r\n\r\n${Buffer.from(encodePacket('k')).toString()}`;
  const sandbox = new Sandbox(t);
  const running = sandbox.start(['run', ...demo, '--gdb', 'unix:gdb.sock', '--json']);
  await running.untilSaid(STARTED);
  const socket = net.connect({ path: sandbox.path('gdb.sock') });
  socket.write(http);
  await new Promise((resolve) => socket.on('error', () => {}).once('close', resolve));
  const gdb = await GdbClient.connect(sandbox.path('gdb.sock'));
  gdb.send('k');
  (await running.end).ended(130, 'interrupted');
  const piped = spawnSync(process.execPath, [CLI, 'run', ...demo, '--gdb', 'stdio'], { input: http, encoding: 'utf8' });
  assert.deepEqual([piped.status, piped.stdout], [130, '']);
  assert.match(piped.stderr, /did not use the gdb remote protocol/);
});

test(
  "stdio: packets use stdin and stdout, the guest prints to stderr, and the end of stdin ends gdb's connection",
  { timeout },
  async (t) => {
    const sandbox = new Sandbox(t);
    const args = [CLI, 'record', ...sessionIn(sandbox, guest('demo/demo')), '--gdb', 'stdio', '--json'];
    const child = spawn(process.execPath, args, { cwd: sandbox.folder });
    let received = '';
    let output = '';
    child.stdout.setEncoding('latin1').on('data', (text: string) => (received += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stdin.write(encodePacket('c'));
    while (!received.includes('replaylog:end')) await once(child.stdout, 'data');
    child.stdin.end();
    const [status] = (await once(child, 'close')) as [number];
    assert.equal(status, 1);
    assert.match(received, /^\+\$T05[^$]*replaylog:end;[^$]*#..$/);
    assert.match(output, /superblock is damaged/);
    assert.equal((JSON.parse(output.trimEnd().split('\n').at(-1)!) as { reason: string }).reason, 'guestFailed');
  },
);

test('stdio: an empty or missing input ends the session as interrupted', { timeout }, (t) => {
  const sandbox = new Sandbox(t);
  for (const input of ['/dev/null', sandbox.path(sandbox.write('empty', ''))]) {
    const command = `exec "$0" "$1" run --kernel "$2" --gdb stdio < ${input} > out`;
    const options = { cwd: sandbox.folder, encoding: 'utf8' } as const;
    const ended = spawnSync('sh', ['-c', command, process.execPath, CLI, guest('demo/demo')], options);
    assert.equal(ended.status, 130, ended.stderr);
    assert.equal(String(sandbox.read('out')), '');
  }
});

test('gdb debugs over a socket and over a pipe', { timeout }, async (t) => {
  if (!requireTool(GDB, t)) return;
  const sandbox = new Sandbox(t);
  const other = new Sandbox(t);
  const commands = ['break statistics_sample', 'continue', 'next', 'reverse-step', 'detach'];
  const elf = guest('demo/demo');
  const running = other.start(['run', ...sessionIn(other, elf), '--gdb', 'unix:gdb.sock', '--json']);
  await running.untilSaid(STARTED);
  assert.match(await runGdb({ elf, target: other.path('gdb.sock'), commands }), /Breakpoint 1, statistics_sample/);
  (await running.end).ended(1, 'guestFailed');
  const session = sessionIn(sandbox, elf).join(' ');
  for (const command of ['record', 'replay']) {
    const target = `| cd ${sandbox.folder} && exec ${process.execPath} ${CLI} ${command} ${session} --gdb stdio`;
    const output = await runGdb({ elf, target, commands: [...commands.slice(0, -1), 'delete', 'continue', 'kill'] });
    assert.match(output, /Breakpoint 1, statistics_sample/);
    assert.match(output, /superblock is damaged/, "gdb shows the guest's console");
    assert.match(output, /No more reverse-execution history/);
  }
});

test('ctrl-c in gdb interrupts a guest behind a pipe and does not end the session', { timeout }, async (t) => {
  if (!requireTool(GDB, t)) return;
  const sandbox = new Sandbox(t);
  const target = `| cd ${sandbox.folder} && exec ${process.execPath} ${CLI} record ${sessionIn(sandbox, guest('endless/endless')).join(' ')} --gdb stdio`;
  const words = ['-nx', '-ex', 'set pagination off', '-ex', `target remote ${target}`, guest('endless/endless')];
  // gdb runs in its own process group, and the test sends the signal to the whole group, as a terminal does.
  const gdb = spawn(GDB, words, { detached: true });
  let output = '';
  for (const stream of [gdb.stdout, gdb.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const untilSaid = async (text: string, from = 0) => {
    while (!output.includes(text, from)) await sleep(20);
  };
  gdb.stdin.write('continue\n');
  await untilSaid('round 1:');
  process.kill(-gdb.pid!, 'SIGINT');
  await untilSaid('Program received signal SIGINT');
  const from = output.length;
  gdb.stdin.write('reverse-stepi\nstepi\nmonitor position\nkill\nquit\n');
  await once(gdb, 'close');
  assert.match(output.slice(from), /^(\(gdb\) )*\d+$/m);
  assert.doesNotMatch(output, /Remote connection closed|Remote communication error/);
  const replayed = await sandbox.cli(['replay', ...sessionIn(sandbox, guest('endless/endless')), '--json']);
  replayed.ended(0, 'endOfRecording');
});

test('a socket in the launch configuration', { timeout }, async (t) => {
  const sandbox = new Sandbox(t);
  const dap = new DapClient(t);
  await dap.start(demoLaunch(sandbox, { stopOnEntry: true, gdbServer: 'unix:gdb.sock' }));
  await dap.event('stopped');
  const gdb = await GdbClient.connect(sandbox.path('gdb.sock'));
  assert.match(await gdb.ask('?'), /^T05/);
  assert.equal(await dap.leave(), 0);
  assert.equal(sandbox.exists('gdb.sock'), false);
  const second = new DapClient(t);
  await second.request('initialize', { adapterID: 'blkreplay' });
  for (const gdbServer of ['1234', 'unix:', 'stdio', -1, 1.5, true]) {
    assert.match(await second.refused('launch', demoLaunch(sandbox, { gdbServer })), /for "gdbServer" .*"unix:PATH"/);
  }
});
