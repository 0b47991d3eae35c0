/** A client that does not use gdb's protocol is disconnected and changes nothing; the machine still waits for gdb. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { encodePacket } from '../../debug-adapter/gdb/packets.ts';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch } from '../support/dapClient.ts';
import { GdbClient } from '../support/gdbClient.ts';
import { guest } from '../support/guests.ts';
import { serve, sessionIn } from './gdbSupport.ts';

const packet = (content: string): string => Buffer.from(encodePacket(content)).toString('latin1');
const KILL = packet('k');
/** Packets that would end the recording, write memory and run the machine. */
const COMMANDS = packet('M87000000,4:deadbeef') + packet('c') + KILL;
const HEADERS = 'Host: 127.0.0.1:1234\r\nOrigin: http://evil.example\r\nContent-Type: text/plain\r\n\r\n';

const FOREIGN: Record<string, string> = {
  'a POST with packets as its body': `POST / HTTP/1.1\r\n${HEADERS}${COMMANDS}`,
  'a GET with packets in its path': `GET /${COMMANDS} HTTP/1.1\r\n${HEADERS}`,
  'a preflight': `OPTIONS / HTTP/1.1\r\n${HEADERS}`,
  'a WebSocket upgrade': `GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${HEADERS}${COMMANDS}`,
  'a lower-case method': `post / http/1.1\r\n${HEADERS}${COMMANDS}`,
  'HTTP/0.9': `GET /\r\n${COMMANDS}`,
  "HTTP/2's preface": `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${COMMANDS}`,
  'a method that starts with an acknowledgement': `+POST / HTTP/1.1\r\n${HEADERS}${COMMANDS}`,
  'a method that looks like a packet': `$POST / HTTP/1.1\r\n${HEADERS}${COMMANDS}`,
  'acknowledgements and then HTTP': `+-+-POST / HTTP/1.1\r\n${HEADERS}${COMMANDS}`,
  'an interrupt and then HTTP': `\x03POST / HTTP/1.1\r\n${HEADERS}${COMMANDS}`,
  'empty lines before the request': `\r\n\r\nPOST / HTTP/1.1\r\n${HEADERS}${COMMANDS}`,
  'packets and then HTTP': `${COMMANDS}POST / HTTP/1.1\r\n${HEADERS}`,
  'a packet cut off by HTTP': `$M87000000,4:POST / HTTP/1.1\r\n${HEADERS}${COMMANDS}`,
  'a TLS ClientHello': `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${COMMANDS}`,
  'a STUN request': `\x00\x03\x00\x08\x21\x12\xa4\x42${COMMANDS}`,
  'a response with a status line': `HTTP/1.1 200 OK\r\n\r\n${COMMANDS}`,
  'a mail client': `EHLO here\r\n${COMMANDS}`,
};

test(
  'clients that send HTTP or another protocol, as a whole or byte by byte, are dropped before any packet is executed',
  { timeout: 60_000 },
  async (t) => {
    const sandbox = new Sandbox(t);
    const { running, port } = await serve(t, sandbox, ['record', ...sessionIn(sandbox, guest('demo/demo'))]);
    for (const [name, text] of Object.entries(FOREIGN)) {
      assert.doesNotMatch(await answerTo(port, [text]), /\$/, name);
      // The first piece alone contains no packet that could be executed.
      const bytes = name.startsWith('packets') ? [] : [...text.slice(0, 40)];
      assert.doesNotMatch(await answerTo(port, bytes), /\$/, `${name}, byte by byte`);
    }
    const gdb = await GdbClient.connect(port);
    assert.equal(Buffer.from(await gdb.ask('qRcmd,706f736974696f6e'), 'hex').toString(), '0\n');
    assert.equal(await gdb.ask('m87000000,4'), '00000000');
    assert.match(await gdb.ask('c'), /^T05.*replaylog:end;/);
    assert.equal(await gdb.ask('D'), 'OK');
    const outcome = await running.end;
    outcome.ended(1, 'guestFailed');
    assert.equal(outcome.stderr.match(/did not use the gdb remote protocol/g)?.length, 1, 'reported once');
  },
);

test(
  'if a client turns out not to be gdb during a run, it is dropped, and the next client is served',
  { timeout: 30_000 },
  async (t) => {
    const sandbox = new Sandbox(t);
    const { running, port } = await serve(t, sandbox, ['record', ...sessionIn(sandbox, guest('endless/endless'))]);
    const socket = await connected(port);
    socket.write(packet('c'));
    await running.untilPrinted('round 1:');
    socket.write(`POST / HTTP/1.1\r\n${HEADERS}${KILL}`);
    await closed(socket);
    const gdb = await GdbClient.connect(port);
    assert.match(await gdb.ask('?'), /^T/);
    gdb.send('k');
    (await running.end).ended(130, 'interrupted');
  },
);

test('gdb can connect despite any number of silent connections', { timeout: 30_000 }, async (t) => {
  const sandbox = new Sandbox(t);
  const { port } = await serve(t, sandbox, ['run', '--kernel', guest('demo/demo')]);
  for (let i = 0; i < 100; i++) await connected(port);
  const incomplete = await connected(port);
  incomplete.write('+$qC');
  const gdb = await GdbClient.connect(port);
  assert.equal(await gdb.ask('qC'), 'QC01');
  await closed(incomplete);
});

test(
  'the server asks for a damaged packet to be resent, even if it is the first packet',
  { timeout: 30_000 },
  async (t) => {
    const sandbox = new Sandbox(t);
    const { port } = await serve(t, sandbox, ['run', '--kernel', guest('demo/demo')]);
    const socket = await connected(port);
    socket.write('$qC#00');
    assert.equal(String((await once(socket, 'data'))[0]), '-');
    socket.write(packet('qC'));
    assert.match(String((await once(socket, 'data'))[0]), /^\+/);
    socket.write('$qC#00');
    while (!String((await once(socket, 'data'))[0]).includes('-'));
  },
);

test('gdb can connect even while another client is sending an endless packet', { timeout: 30_000 }, async (t) => {
  const sandbox = new Sandbox(t);
  const { port } = await serve(t, sandbox, ['run', '--kernel', guest('demo/demo')]);
  const endless = await connected(port);
  endless.write(`$${'a'.repeat(8 << 20)}`);
  const gdb = await GdbClient.connect(port);
  assert.equal(await gdb.ask('qC'), 'QC01');
});

test(
  'during an editor session, connections from clients other than gdb do not stop the machine',
  { timeout: 60_000 },
  async (t) => {
    const dap = new DapClient(t);
    const endless = demoLaunch(new Sandbox(t), { kernel: guest('endless/endless'), gdbServer: 0 });
    await dap.start(endless);
    const printed = dap.events
      .flatMap(({ event, body }) => (event === 'output' ? [body.output as string] : []))
      .join('');
    const port = Number(/gdb server on 127\.0\.0\.1:(\d+)/.exec(printed)![1]);
    await connected(port);
    for (const text of Object.values(FOREIGN)) await answerTo(port, [text]);
    const isStopped = () => dap.events.some(({ event }) => event === 'stopped');
    const from = dap.console.length;
    while (dap.console.length === from) await dap.event('output');
    assert.equal(isStopped(), false);
    const important = dap.events.filter(({ event, body }) => event === 'output' && body.category === 'important');
    assert.equal(important.length, 1);
    const gdb = await GdbClient.connect(port);
    assert.match(await gdb.ask('?'), /^T/);
    assert.equal((await dap.event('stopped')).reason, 'pause');
  },
);

async function connected(port: number): Promise<net.Socket> {
  const socket = net.connect({ host: '127.0.0.1', port });
  socket.on('error', () => {}).setNoDelay(true);
  await once(socket, 'connect');
  return socket;
}

/** Resolves when the connection is closed or reset. Received data is ignored. */
function closed(socket: net.Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => (socket.closed ? resolve() : void socket.once('close', () => resolve())));
}

/** Sends the pieces one by one and returns everything received until the server closes the connection. */
async function answerTo(port: number, pieces: readonly string[]): Promise<string> {
  const socket = await connected(port);
  let received = '';
  socket.setEncoding('latin1').on('data', (text: string) => (received += text));
  for (const piece of pieces) {
    socket.write(piece, 'latin1');
    await new Promise(setImmediate);
  }
  if (pieces.length === 0) socket.end();
  await closed(socket);
  return received;
}
